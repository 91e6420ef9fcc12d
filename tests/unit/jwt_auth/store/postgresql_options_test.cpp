#include "store/postgresql_options.hpp"

#include "store/postgresql_session.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

namespace jwt_auth {
namespace {

using testing::ElementsAre;

/// "host|hostaddr|port|target_session_attrs" for each attempt.
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
  EXPECT_THAT(attempts("dbname=x"), ElementsAre("||5432|any"));
  EXPECT_THAT(attempts("host=/run/postgresql"), ElementsAre("/run/postgresql||5432|any"));
  EXPECT_THAT(attempts("postgresql://a:1,b:2/x"), ElementsAre("a||1|any", "b||2|any"));
  EXPECT_THAT(attempts("host=a,b,c port=7"), ElementsAre("a||7|any", "b||7|any", "c||7|any"));
  EXPECT_THAT(attempts("host=a,b hostaddr=10.0.0.1,10.0.0.2"),
              ElementsAre("a|10.0.0.1|5432|any", "b|10.0.0.2|5432|any"));
  EXPECT_THAT(attempts("hostaddr=10.0.0.1,10.0.0.2 port=1,"),
              ElementsAre("|10.0.0.1|1|any", "|10.0.0.2||any"));
}

TEST(PostgresqlAttempts, LeaveUnequalListsToLibpq) {
  EXPECT_THAT(attempts("host=a,b port=1,2,3"), ElementsAre("a,b||1,2,3|any"));
  EXPECT_THAT(attempts("host=a,b hostaddr=10.0.0.1"), ElementsAre("a,b|10.0.0.1|5432|any"));
}

TEST(PostgresqlAttempts, TryAllHostsForAStandbyFirst) {
  EXPECT_THAT(attempts("host=a,b target_session_attrs=prefer-standby"),
              ElementsAre("a||5432|standby", "b||5432|standby", "a||5432|any", "b||5432|any"));
  EXPECT_THAT(attempts("host=a target_session_attrs=prefer-standby"),
              ElementsAre("a||5432|standby", "a||5432|any"))
      << "it may have several addresses";
  EXPECT_THAT(attempts("host=10.0.0.1 target_session_attrs=prefer-standby"),
              ElementsAre("10.0.0.1||5432|prefer-standby"));
  EXPECT_THAT(attempts("host=a,b target_session_attrs=read-write"),
              ElementsAre("a||5432|read-write", "b||5432|read-write"));
}

/// Sets an environment variable for one test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* const name_;
};

TEST(PostgresqlAttempts, ComeFromTheEnvironmentAndAServiceToo) {
  const Variable hosts("PGHOST", "a,b");
  const Variable port("PGPORT", "7");
  EXPECT_THAT(attempts("dbname=x"), ElementsAre("a||7|any", "b||7|any"));
  EXPECT_THAT(attempts("postgresql:///x?host="), ElementsAre("a||7|any", "b||7|any"));
  EXPECT_THAT(attempts("host=own"), ElementsAre("own||7|any"));
  const alicorn::test::TemporaryFolder folder;
  alicorn::test::write_file(folder / "services",
                            "[mine]\nhost=c,d\ntarget_session_attrs=read-write\n");
  const Variable file("PGSERVICEFILE", folder / "services");
  EXPECT_THAT(attempts("service=mine"), ElementsAre("c||7|read-write", "d||7|read-write"));
  EXPECT_THAT(attempts("service=none host=e"), ElementsAre("e|||")) << "libpq says what is wrong";
}

TEST(NameToLookUp, IsEmptyForASocketOrAnAddress) {
  EXPECT_EQ(name_to_look_up({{"host", "db.example.org"}}), "db.example.org");
  for (const char* host : {"", "/run/postgresql", "@abstract", "10.0.0.1", "2001:db8::1", "a,b"}) {
    EXPECT_EQ(name_to_look_up({{"host", host}}), "") << host;
  }
  EXPECT_EQ(name_to_look_up({{"host", "db"}, {"hostaddr", "10.0.0.1"}}), "");
  EXPECT_EQ(name_to_look_up({}), "");
}

TEST(PostgresqlAttempts, ShowNoPasswordOfAMalformedString) {
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
