#include "store/fault.hpp"

#include "store/queries.hpp"
#include "store/records.hpp"
#include "store/time_text.hpp"

#include <gmock/gmock.h>

#include <sqlite3.h>

namespace jwt_auth {
namespace {

using Kind = Fault::Kind;
using testing::HasSubstr;
using testing::Not;

TEST(JudgeSqlite, TellsWhatTimeMendsFromBugs) {
  EXPECT_EQ(judge_sqlite(SQLITE_BUSY, "").kind, Kind::kUnavailable);
  EXPECT_EQ(judge_sqlite(SQLITE_BUSY_SNAPSHOT, "").kind, Kind::kUnavailable);
  EXPECT_EQ(judge_sqlite(SQLITE_LOCKED, "").kind, Kind::kUnavailable);
  EXPECT_EQ(judge_sqlite(SQLITE_FULL, "").kind, Kind::kUnavailable);
  EXPECT_EQ(judge_sqlite(SQLITE_IOERR_READ, "").kind, Kind::kBroken);
  EXPECT_EQ(judge_sqlite(SQLITE_CANTOPEN, "").kind, Kind::kBroken);
  EXPECT_EQ(judge_sqlite(SQLITE_CORRUPT, "").kind, Kind::kBroken);
  EXPECT_EQ(judge_sqlite(SQLITE_NOTADB, "").kind, Kind::kBroken);
  EXPECT_EQ(judge_sqlite(SQLITE_READONLY_DBMOVED, "").kind, Kind::kBroken);
  EXPECT_EQ(judge_sqlite(SQLITE_CONSTRAINT_UNIQUE, "").kind, Kind::kUnique);
  EXPECT_EQ(judge_sqlite(SQLITE_CONSTRAINT_PRIMARYKEY, "").kind, Kind::kUnique);
  EXPECT_EQ(judge_sqlite(SQLITE_CONSTRAINT_FOREIGNKEY, "").kind, Kind::kConstraint);
  EXPECT_EQ(judge_sqlite(SQLITE_ERROR, "").kind, Kind::kBug);
  EXPECT_EQ(judge_sqlite(SQLITE_MISUSE, "").kind, Kind::kBug);
}

TEST(JudgePostgresql, TellsWhatTimeMendsFromBugs) {
  const auto kind = [](std::string_view state) { return judge_postgresql(state, false, "").kind; };
  for (const char* state : {"40001", "40P01", "55P03", "57014", "53300", "53100", "72000"}) {
    EXPECT_EQ(kind(state), Kind::kUnavailable) << state;
  }
  for (const char* state : {"57P01", "57P02", "57P03", "57P04", "57P05", "08006", "08003", "08P01",
                            "25P03", "25006", "0A000", "26000", "42P05", "40003", "58030", "XX001",
                            // libpq's own errors, on a connection that PQstatus may still call good
                            "     ", ""}) {
    EXPECT_EQ(kind(state), Kind::kBroken) << state;
  }
  EXPECT_EQ(kind("23505"), Kind::kUnique);
  EXPECT_EQ(kind("23503"), Kind::kConstraint);
  EXPECT_EQ(kind("23502"), Kind::kConstraint);
  EXPECT_EQ(kind("22P05"), Kind::kUnstorable);
  EXPECT_EQ(kind("22021"), Kind::kUnstorable);
  for (const char* state : {"42P01", "42601", "22001", "22P02", "25P02"}) {
    EXPECT_EQ(kind(state), Kind::kBug) << state;
  }
  EXPECT_EQ(judge_postgresql("     ", true, "").kind, Kind::kBroken);
  EXPECT_EQ(judge_postgresql("23505", true, "").kind, Kind::kBroken);
}

TEST(JudgePostgresql, QuotesNoMessageThatMayHoldAValue) {
  const char* message = "duplicate key\nDETAIL:  Key (username)=(bob) already exists.\n";
  for (const char* state : {"23505", "23503", "22P02", "22P05", "22001", "P0001"}) {
    EXPECT_THAT(judge_postgresql(state, false, message).text, Not(HasSubstr("bob"))) << state;
    EXPECT_THAT(judge_postgresql(state, true, message).text, Not(HasSubstr("bob"))) << state;
  }
  EXPECT_EQ(judge_postgresql("57P01", true, "terminating\nconnection\n").text,
            "PostgreSQL error 57P01: terminating connection");
  EXPECT_THAT(judge_postgresql("42P01", false, "relation \"auth_user\" does not exist").text,
              HasSubstr("jwt_auth_admin migrate"));
}

TEST(Raise, ThrowsWhatTheFaultMeans) {
  EXPECT_THROW(raise({Kind::kUnavailable, "x"}, "op"), StoreUnavailable);
  EXPECT_THROW(raise({Kind::kBroken, "x"}, "op"), StoreUnavailable);
  EXPECT_THROW(raise({Kind::kUnique, "x"}, "op"), ConstraintViolation);
  try {
    raise({Kind::kBug, "broken"}, "user_by_id");
  } catch (const StoreUnavailable&) {
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "user_by_id: broken");
  }
}

TEST(IsStorable, AcceptsUtf8WithoutNul) {
  for (const char* text : {"", "bob", "h\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\xa6\x84",
                           "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80"}) {
    EXPECT_TRUE(is_storable(text)) << text;
  }
  EXPECT_FALSE(is_storable(std::string_view("a\0b", 3)));
  for (const char* text :
       {"\xff", "\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "a\xe2\x28\xa1"}) {
    EXPECT_FALSE(is_storable(text)) << text;
  }
}

TEST(TimeText, IsAsDjangoWritesIt) {
  using std::chrono::microseconds;
  using Engine = DatabaseSettings::Kind;
  const auto sqlite = [](std::int64_t since) {
    return time_text(Time(microseconds(since)), Engine::kSqlite);
  };
  EXPECT_EQ(sqlite(0), "1970-01-01 00:00:00");
  EXPECT_EQ(sqlite(1), "1970-01-01 00:00:00.000001");
  EXPECT_EQ(sqlite(-1), "1969-12-31 23:59:59.999999");
  EXPECT_EQ(sqlite(1'795'365'239'434'940), "2026-11-22 16:33:59.434940");
  EXPECT_EQ(sqlite(253'402'300'799'000'000), "9999-12-31 23:59:59");
  EXPECT_EQ(time_text(Time(), Engine::kPostgresql), "1970-01-01 00:00:00+00");
}

}  // namespace
}  // namespace jwt_auth
