// The JWT service against the contract of Django's simplejwt: every case in tests/jwt_contract, for
// each profile of settings, on both databases, beside Django, and under attack.
#include "tests/support/jwt_service.hpp"
#include "tests/support/postgres.hpp"

#include <gtest/gtest.h>

#include <string>

namespace alicorn::test {
namespace {

constexpr const char* kProfiles[] = {
    "default",   "rotation", "rotation_blacklist", "no_blacklist", "claims", "names",
    "unchecked", "revoke",   "stateless",          "inactive_too", "grace"};
/// The profiles whose settings Debian's older Django also has.
constexpr const char* kDjangosProfiles[] = {
    "default", "rotation", "rotation_blacklist", "no_blacklist", "claims", "names", "stateless"};
constexpr const char* kOtherProfiles[] = {"unchecked", "revoke", "inactive_too", "grace",
                                          "throttled"};
constexpr const char* kClientsProfiles[] = {"default", "throttled"};
/// One of each family, and the one whose field size is not a whole number of bytes: tests/interop
/// covers all.
constexpr const char* kAlgorithms[] = {"RS256", "PS384", "ES256", "ES512", "EdDSA"};

void expect_success(const CommandResult& result) {
  EXPECT_EQ(result.ending.exit_code, 0) << result.output;
}

Arguments with_admin(const JwtService& service) {
  Arguments all = service.introduction();
  all.insert(all.end(),
             {"--admin", jwt_admin_program(), "--configuration", service.configuration_path()});
  return all;
}

std::string name_of(const ::testing::TestParamInfo<const char*>& info) {
  return info.param;
}

class JwtContract : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (const std::string why = JwtService::why_not(); !why.empty()) GTEST_SKIP() << why;
  }
};

class JwtContractOnSqlite : public JwtContract {};

TEST_P(JwtContractOnSqlite, EveryCase) {
  // The service may be loaded before the fork, because it connects only afterwards.
  const bool preload = GetParam() == std::string("unchecked");
  const JwtService service(
      {.profile = GetParam(), .arguments = preload ? Arguments{"--preload"} : Arguments{}});
  expect_success(run_contract("run.py", service.introduction()));
}
INSTANTIATE_TEST_SUITE_P(Profile, JwtContractOnSqlite, ::testing::ValuesIn(kOtherProfiles),
                         name_of);

TEST_F(JwtContract, EveryCaseOnPostgresql) {
  if (const std::string why = Postgres::why_not(); !why.empty()) GTEST_SKIP() << why;
  Postgres postgres;
  for (const char* profile : kProfiles) {
    SCOPED_TRACE(profile);
    const JwtService service({.profile = profile, .postgresql = postgres.create_database()});
    expect_success(run_contract("run.py", service.introduction()));
  }
}

class JwtBesideDjango : public JwtContract {
 protected:
  void SetUp() override {
    JwtContract::SetUp();
    const auto probe = run_contract("django_server.py", {"--check"});
    if (probe.ending.exit_code != 0) GTEST_SKIP() << probe.output;
  }
};

/// On a SQLite file that both have open.
TEST_P(JwtBesideDjango, EveryCaseOfBoth) {
  const std::string profile = GetParam();
  const JwtService service({.profile = profile, .is_made_by_django = profile == "default"});
  expect_success(run_contract("side_by_side.py",
                              profile == "default" ? with_admin(service) : service.introduction()));
}
INSTANTIATE_TEST_SUITE_P(Profile, JwtBesideDjango, ::testing::ValuesIn(kDjangosProfiles), name_of);

class JwtAlgorithm : public JwtContract {};

TEST_P(JwtAlgorithm, AgreesWithPythonBothWays) {
  const JwtService service({.profile = GetParam(), .algorithm = GetParam()});
  expect_success(run_contract("run.py", service.introduction()));
}
INSTANTIATE_TEST_SUITE_P(Algorithm, JwtAlgorithm, ::testing::ValuesIn(kAlgorithms), name_of);

/// Also checks the public key that the service publishes.
TEST_P(JwtAlgorithm, PublicKeyIsUsable) {
  const JwtService service({.profile = GetParam(), .algorithm = GetParam()});
  expect_success(run_contract("keys.py", service.introduction()));
}

TEST_F(JwtContract, SecretIsNeverShown) {
  const JwtService service({});
  expect_success(run_contract("keys.py", service.introduction()));
}

TEST_F(JwtContract, EncryptedTokensWorkEverywhere) {
  const JwtService service({.profile = "encrypted"});
  expect_success(run_contract("keys.py", with_admin(service)));
}

TEST_F(JwtContract, ClientsGetTokensOnSqlite) {
  for (const char* profile : kClientsProfiles) {
    SCOPED_TRACE(profile);
    const JwtService service({.profile = profile});
    expect_success(run_contract("oauth.py", with_admin(service)));
  }
}

TEST_F(JwtContract, ClientsGetTokensOnPostgresql) {
  if (const std::string why = Postgres::why_not(); !why.empty()) GTEST_SKIP() << why;
  Postgres postgres;
  for (const char* profile : kClientsProfiles) {
    SCOPED_TRACE(profile);
    const JwtService service({.profile = profile, .postgresql = postgres.create_database()});
    expect_success(run_contract("oauth.py", with_admin(service)));
  }
}

TEST_F(JwtContract, AttacksAreRefusedAndLeaveNoSecretInTheLog) {
  TemporaryFolder logs;
  JwtService service({.profile = "rotation_blacklist",
                      .arguments = {"--log-level", "debug", "--error-logfile", logs / "error.log",
                                    "--access-logfile", logs / "access.log"}});
  const auto workers = service.server().workers();
  Arguments arguments = service.introduction();
  arguments.insert(arguments.end(), {"--log", logs / "error.log", "--log", logs / "access.log"});
  expect_success(run_contract("attacks.py", arguments));
  EXPECT_EQ(service.server().workers(), workers) << "a worker died";
}

TEST(JwtDifferences, PageMatchesTheTables) {
  if (const std::string why = JwtService::why_not(); !why.empty()) GTEST_SKIP() << why;
  expect_success(run_contract("differences_doc.py", {"--check"}));
}

}  // namespace
}  // namespace alicorn::test
