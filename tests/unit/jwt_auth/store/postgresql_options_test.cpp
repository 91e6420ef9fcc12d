#include "store/postgresql_options.hpp"

#include "store/postgresql_session.hpp"

#include <gmock/gmock.h>

namespace jwt_auth {
namespace {

using testing::ElementsAre;

/// "host|hostaddr|port|target_session_attrs" of each.
std::vector<std::string> attempts(const std::string& connection) {
  DatabaseSettings settings;
  settings.kind = DatabaseSettings::Kind::kPostgresql;
  settings.connection = connection;
  std::vector<std::string> all;
  for (PostgresqlOptions& options : postgresql_attempts(settings)) {
    all.push_back(options["host"] + '|' + options["hostaddr"] + '|' + options["port"] + '|' +
                  options["target_session_attrs"]);
  }
  return all;
}

TEST(PostgresqlAttempts, AreOneForEachHost) {
  EXPECT_THAT(attempts("dbname=x"), ElementsAre("|||"));
  EXPECT_THAT(attempts("host=/run/postgresql"), ElementsAre("/run/postgresql|||"));
  EXPECT_THAT(attempts("postgresql://a:1,b:2/x"), ElementsAre("a||1|", "b||2|"));
  EXPECT_THAT(attempts("host=a,b,c port=7"), ElementsAre("a||7|", "b||7|", "c||7|"));
  EXPECT_THAT(attempts("host=a,b hostaddr=10.0.0.1,10.0.0.2"),
              ElementsAre("a|10.0.0.1||", "b|10.0.0.2||"));
  EXPECT_THAT(attempts("hostaddr=10.0.0.1,10.0.0.2 port=1,"),
              ElementsAre("|10.0.0.1|1|", "|10.0.0.2||"));
}

TEST(PostgresqlAttempts, LeaveListsThatDoNotFitToLibpq) {
  EXPECT_THAT(attempts("host=a,b port=1,2,3"), ElementsAre("a,b||1,2,3|"));
  EXPECT_THAT(attempts("host=a,b hostaddr=10.0.0.1"), ElementsAre("a,b|10.0.0.1||"));
}

TEST(PostgresqlAttempts, AskAllHostsForAStandbyBeforeTheyTakeAnother) {
  EXPECT_THAT(attempts("host=a,b target_session_attrs=prefer-standby"),
              ElementsAre("a|||standby", "b|||standby", "a|||any", "b|||any"));
  EXPECT_THAT(attempts("host=a,b target_session_attrs=read-write"),
              ElementsAre("a|||read-write", "b|||read-write"));
}

TEST(PostgresqlAttempts, ShowNoPasswordOfAStringThatCannotBeRead) {
  try {
    attempts("postgresql://x:s3cret@[bad/");
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("s3cret")));
  }
}

TEST(WithNumberedParameters, LeavesTextsAndCastsAlone) {
  EXPECT_EQ(with_numbered_parameters("SELECT 1"), "SELECT 1");
  EXPECT_EQ(with_numbered_parameters("a = :first AND b = CAST(:second_one AS text)"),
            "a = $1 AND b = CAST($2 AS text)");
  EXPECT_EQ(with_numbered_parameters("a = ':no' AND b > :c OR d = 'it''s :e'"),
            "a = ':no' AND b > $1 OR d = 'it''s :e'");
  EXPECT_EQ(with_numbered_parameters("a::text = :b AND c LIKE '%$%':"),
            "a::text = $1 AND c LIKE '%$%':");
}

}  // namespace
}  // namespace jwt_auth
