#include "settings/settings.hpp"

#include "settings/values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jwt_auth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Adds the one setting that has no default.
Settings read(SettingsMap map) {
  map.emplace("signing_key", "s");
  return read_settings(map);
}

std::string problem_of(SettingsMap map) {
  map.emplace("signing_key", "s");
  try {
    read_settings(map);
    return {};
  } catch (const SettingsError& error) {
    return error.what();
  }
}

TEST(ReadSettings, HasSimplejwtsDefaults) {
  const Settings settings = read({});
  EXPECT_EQ(settings.access_token_lifetime, seconds(300));
  EXPECT_EQ(settings.refresh_token_lifetime, seconds(86400));
  EXPECT_EQ(settings.algorithm, "HS256");
  EXPECT_EQ(settings.token_type_claim, "token_type");
  EXPECT_FALSE(settings.rotate_refresh_tokens);
  EXPECT_THAT(settings.auth_header_types, ElementsAre("Bearer"));
  EXPECT_EQ(settings.database.kind, DatabaseSettings::Kind::kSqlite);
  EXPECT_EQ(settings.database.connection, "jwt_auth.sqlite3");
}

TEST(ReadSettings, ReadsTheTokenSettings) {
  const Settings settings = read({
      {"access_token_lifetime", "10m"},
      {"refresh_token_lifetime", "7d"},
      {"sliding_token_lifetime", "1h"},
      {"sliding_token_refresh_lifetime", "2 days"},
      {"rotate_refresh_tokens", "true"},
      {"blacklist_after_rotation", "yes"},
      {"update_last_login", "on"},
      {"algorithm", "ES256"},
      {"audience.0", "a"},
      {"audience.1", "b"},
      {"issuer", "me"},
      {"leeway", "5"},
      {"auth_header_types.0", "Bearer"},
      {"auth_header_types.1", "JWT"},
      {"auth_header_name", "HTTP_X_ACCESS_TOKEN"},
      {"user_id_field", "username"},
      {"user_id_claim", "uid"},
      {"token_type_claim", "kind"},
      {"jti_claim", "id"},
      {"sliding_token_refresh_exp_claim", "rexp"},
  });
  EXPECT_EQ(settings.access_token_lifetime, seconds(600));
  EXPECT_EQ(settings.refresh_token_lifetime, seconds(7 * 86400));
  EXPECT_EQ(settings.sliding_token_lifetime, seconds(3600));
  EXPECT_EQ(settings.sliding_token_refresh_lifetime, seconds(2 * 86400));
  EXPECT_TRUE(settings.rotate_refresh_tokens && settings.blacklist_after_rotation);
  EXPECT_TRUE(settings.update_last_login);
  EXPECT_EQ(settings.algorithm, "ES256");
  EXPECT_THAT(settings.audience, ElementsAre("a", "b"));
  EXPECT_EQ(settings.issuer, "me");
  EXPECT_EQ(settings.leeway, seconds(5));
  EXPECT_THAT(settings.auth_header_types, ElementsAre("Bearer", "JWT"));
  EXPECT_EQ(settings.auth_header_name, "x-access-token");
  EXPECT_EQ(settings.user_id_field, "username");
  EXPECT_EQ(settings.user_id_claim, "uid");
  EXPECT_EQ(settings.token_type_claim, "kind");
  EXPECT_EQ(settings.jti_claim, "id");
  EXPECT_EQ(settings.sliding_token_refresh_exp_claim, "rexp");
}

TEST(ReadSettings, WarnsAboutARotationThatVoidsNothing) {
  EXPECT_THAT(read({{"blacklist_after_rotation", "on"}, {"token_blacklist", "off"}}).warnings,
              ElementsAre(HasSubstr("app.blacklist_after_rotation has no effect")));
  EXPECT_THAT(read({{"blacklist_after_rotation", "on"}}).warnings, IsEmpty());
  EXPECT_THAT(read({{"token_blacklist", "off"}}).warnings, IsEmpty());
}

TEST(ReadSettings, RefusesAGraceWithoutItsRotation) {
  const SettingsMap all{{"rotation_grace", "30s"},
                        {"rotate_refresh_tokens", "on"},
                        {"blacklist_after_rotation", "on"}};
  EXPECT_EQ(read(all).rotation_grace, seconds(30));
  for (const char* missing : {"rotate_refresh_tokens", "blacklist_after_rotation"}) {
    SettingsMap map = all;
    map.erase(missing);
    EXPECT_THAT(problem_of(map), HasSubstr("app.rotation_grace has no effect without")) << missing;
  }
  SettingsMap map = all;
  map["token_blacklist"] = "off";
  EXPECT_THAT(problem_of(map), HasSubstr("app.rotation_grace has no effect without"));
  map["rotation_grace"] = "0s";
  EXPECT_EQ(problem_of(map), "");
}

TEST(ReadSettings, ReadsEverythingElse) {
  const Settings settings = read({
      {"check_revoke_token", "1"},
      {"revoke_token_claim", "hp"},
      {"check_user_is_active", "false"},
      {"auth_token_classes.0", "access"},
      {"auth_token_classes.1", "rest_framework_simplejwt.tokens.SlidingToken"},
      {"stateless", "true"},
      {"token_blacklist", "no"},
      {"verifying_keys.0.secret", "old"},
      {"verifying_keys.0.kid", "k0"},
      {"verifying_keys.0.algorithm", "HS256"},
      {"verifying_keys.1.file", "old.pem"},
      {"encrypt", "true"},
      {"encryption_key", "e"},
      {"decryption_keys.0", "d"},
      {"database.url", "postgresql://db/x"},
      {"database.timeout", "2s"},
      {"login_rate", "5/minute"},
      {"client_token_lifetime", "2h"},
      {"password_iterations", "700000"},
  });
  EXPECT_TRUE(settings.check_revoke_token && settings.stateless);
  EXPECT_FALSE(settings.check_user_is_active || settings.token_blacklist);
  EXPECT_EQ(settings.revoke_token_claim, "hp");
  EXPECT_THAT(settings.auth_token_classes, ElementsAre("access", "sliding"));
  ASSERT_EQ(settings.verifying_keys.size(), 2U);
  EXPECT_EQ(settings.verifying_keys[0].secret, "old");
  EXPECT_EQ(settings.verifying_keys[0].kid, "k0");
  EXPECT_EQ(settings.verifying_keys[0].algorithm, "HS256");
  EXPECT_EQ(settings.verifying_keys[1].file, "old.pem");
  EXPECT_TRUE(settings.encrypt);
  EXPECT_EQ(settings.encryption_key.secret, "e");
  ASSERT_EQ(settings.decryption_keys.size(), 1U);
  EXPECT_EQ(settings.decryption_keys[0].secret, "d");
  EXPECT_EQ(settings.database.kind, DatabaseSettings::Kind::kPostgresql);
  EXPECT_EQ(settings.database.connection, "postgresql://db/x");
  EXPECT_EQ(settings.database.timeout, seconds(2));
  EXPECT_EQ(settings.login_rate.count, 5U);
  EXPECT_EQ(settings.login_rate.period, seconds(60));
  EXPECT_EQ(settings.client_token_lifetime, seconds(7200));
  EXPECT_EQ(settings.password_iterations, 700'000U);
}

TEST(ReadSettings, SwitchesAClaimOffWithNull) {
  const Settings settings =
      read({{"token_type_claim", ""}, {"jti_claim", ""}, {"audience", ""}, {"issuer", ""}});
  EXPECT_EQ(settings.token_type_claim, std::nullopt);
  EXPECT_EQ(settings.jti_claim, std::nullopt);
  EXPECT_THAT(settings.audience, IsEmpty());
  EXPECT_THAT(problem_of({{"user_id_claim", ""}}),
              HasSubstr("app.user_id_claim must not be empty"));
  EXPECT_THAT(problem_of({{"jti_claim", "exp"}}), HasSubstr("app.jti_claim cannot be \"exp\""));
}

TEST(ReadSettings, ReadsAListFromASingleText) {
  EXPECT_THAT(read({{"audience", "me"}}).audience, ElementsAre("me"));
  EXPECT_THAT(read({{"auth_header_types", "JWT"}}).auth_header_types, ElementsAre("JWT"));
}

TEST(ReadSettings, ReadsTheSigningKeyFromATextOrAMap) {
  EXPECT_EQ(read_settings({{"signing_key", "secret"}}).signing_key.secret, "secret");
  const auto key =
      read_settings({{"signing_key.file", "k.pem"}, {"signing_key.kid", "1"}}).signing_key;
  EXPECT_EQ(key.file, "k.pem");
  EXPECT_EQ(key.kid, "1");
}

TEST(ReadSettings, HasNoDefaultForTheSigningKey) {
  try {
    read_settings({});
    FAIL();
  } catch (const SettingsError& error) {
    EXPECT_STREQ(
        error.what(),
        "app.signing_key is missing: give a secret (make one with: openssl rand -hex 32), for a "
        "public-key algorithm a file, {file: private.pem}, or an environment "
        "variable that holds either, {environment: NAME}");
  }
  EXPECT_THAT(problem_of({{"signing_key", ""}, {"signing_key.path", "x"}}),
              HasSubstr("app.signing_key does not name a key: give a secret"));
}

TEST(ReadSettings, ReadsKeysFromTheEnvironment) {
  const Settings settings = read_settings({{"signing_key.environment", "A_KEY"},
                                           {"verifying_keys.0.environment", "OLD_KEY"},
                                           {"encrypt", "true"},
                                           {"encryption_key.environment", "ANOTHER_KEY"}});
  EXPECT_EQ(settings.signing_key.environment, "A_KEY");
  EXPECT_EQ(settings.verifying_keys.at(0).environment, "OLD_KEY");
  EXPECT_EQ(settings.encryption_key.environment, "ANOTHER_KEY");
  EXPECT_EQ(problem_of({{"signing_key.env", "A_KEY"}}),
            "app.signing_key.env is not a setting; did you mean \"signing_key.environment\"?");
}

TEST(ReadSettings, FindsTheDatabaseInTheEnvironment) {
  const char* const name = "JWT_AUTH_TEST_DATABASE";
  ASSERT_EQ(::unsetenv(name), 0);
  EXPECT_EQ(problem_of({{"database.environment", name}}),
            "app.database.environment: \"JWT_AUTH_TEST_DATABASE\" is not set in the environment, "
            "or is empty");
  ASSERT_EQ(::setenv(name, "mysql://u:hunter2@x", 1), 0);
  EXPECT_THAT(
      problem_of({{"database.environment", name}}),
      AllOf(HasSubstr("app.database.environment must be sqlite:///"), Not(HasSubstr("hunter2"))));
  ASSERT_EQ(::setenv(name, "postgresql://db/x", 1), 0);
  const Settings settings = read({{"database.environment", name}, {"database.timeout", "2s"}});
  EXPECT_EQ(settings.database.kind, DatabaseSettings::Kind::kPostgresql);
  EXPECT_EQ(settings.database.connection, "postgresql://db/x");
  EXPECT_EQ(settings.database.timeout, seconds(2));
  EXPECT_THAT(problem_of({{"database.environment", name}, {"database.url", "sqlite:x"}}),
              HasSubstr("app.database has both a \"url\" and an \"environment\""));
  ASSERT_EQ(::unsetenv(name), 0);
}

TEST(ReadSettings, RequiresEncryptionAndItsKeyTogether) {
  EXPECT_THAT(problem_of({{"encrypt", "true"}}), HasSubstr("app.encryption_key is missing"));
  EXPECT_THAT(problem_of({{"encryption_key.file", "x"}}), HasSubstr("set encrypt: true"));
}

TEST(ReadSettings, ReportsAllMistakesAtOnce) {
  EXPECT_EQ(problem_of({{"leeway", "ten"},
                        {"rotate_refresh_tokens", "maybe"},
                        {"login_rate", "5"},
                        {"access_token_lifetim", "5"}}),
            "app.rotate_refresh_tokens: \"maybe\" is neither true nor false\n"
            "app.leeway: \"ten\" is not a duration (300, 30s, 5m, 1h, 1 day)\n"
            "app.login_rate: \"5\" is not a rate (5/minute, 100/hour, 10/30s)\n"
            "app.access_token_lifetim is not a setting; did you mean \"access_token_lifetime\"?");
}

TEST(ReadSettings, NamesTheNearestSetting) {
  EXPECT_EQ(problem_of({{"ACCESS_TOKEN_LIFETIME", "5"}}),
            "app.ACCESS_TOKEN_LIFETIME is not a setting; did you mean \"access_token_lifetime\"?");
  EXPECT_EQ(problem_of({{"databse.url", "x"}, {"databse.timeout", "5"}}),
            "app.databse is not a setting; did you mean \"database\"?");
  EXPECT_EQ(problem_of({{"database.ulr", "x"}}),
            "app.database.ulr is not a setting; did you mean \"database.url\"?");
  EXPECT_EQ(problem_of({{"signing_key.pem", "x"}}),
            "app.signing_key.pem is not a setting; did you mean \"signing_key.kid\"?");
  EXPECT_EQ(problem_of({{"zzzzzzzzzzzz", "x"}}), "app.zzzzzzzzzzzz is not a setting");
  EXPECT_EQ(problem_of({{"verifying_keys.1.secret", "x"}}).substr(0, 24),
            "app.verifying_keys.1.sec");
}

TEST(ReadSettings, ExplainsSettingsRemovedFromSimplejwt) {
  for (const char* name : {"AUTH_HEADER_TYPE", "AUTH_TOKEN_CLASS", "SECRET_KEY",
                           "TOKEN_BACKEND_CLASS", "auth_header_type", "secret_key"}) {
    EXPECT_THAT(problem_of({{name, "x"}}),
                HasSubstr("app." + std::string(name) + " was removed from simplejwt"));
  }
}

TEST(ReadSettings, ExplainsSettingsThatDoNotApply) {
  for (const char* name :
       {"TOKEN_OBTAIN_SERIALIZER", "TOKEN_REFRESH_SERIALIZER", "TOKEN_VERIFY_SERIALIZER",
        "TOKEN_BLACKLIST_SERIALIZER", "SLIDING_TOKEN_OBTAIN_SERIALIZER",
        "SLIDING_TOKEN_REFRESH_SERIALIZER", "JSON_ENCODER", "JWK_URL", "ON_LOGIN_SUCCESS",
        "ON_LOGIN_FAILED", "TOKEN_USER_CLASS", "USER_AUTHENTICATION_RULE", "VERIFYING_KEY",
        "jwk_url"}) {
    const std::string problem = problem_of({{name, "x"}});
    EXPECT_THAT(problem, HasSubstr(std::string("app.") + name + ' '));
    EXPECT_THAT(problem, Not(HasSubstr("not a setting")));
  }
}

TEST(ReadSettings, RefusesValuesThatMakeNoSense) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"access_token_lifetime", "0"},
                                                        {"access_token_lifetime", "-5"},
                                                        {"user_id_field", "email"},
                                                        {"auth_header_types", ""},
                                                        {"auth_header_types", "Bearer JWT"},
                                                        {"auth_header_name", ""},
                                                        {"auth_token_classes", "refresh"},
                                                        {"auth_token_classes", ""},
                                                        {"password_iterations", "999"},
                                                        {"password_iterations", "4294967296"},
                                                        {"database.url", "mysql://x"},
                                                        {"database.timeout", "0"},
                                                        {"audience.0", ""},
                                                        {"path_prefix", "api/"},
                                                        {"path_prefix", "/api"},
                                                        {"path_prefix", "//api/"},
                                                        {"verifying_keys", "x"}}) {
    EXPECT_THAT(problem_of({{name, value}}), HasSubstr("app." + name)) << value;
  }
}

TEST(ReadSettings, NeverShowsTheDatabasePassword) {
  EXPECT_THAT(problem_of({{"database.url", "mysql://u:hunter2@x"}}), Not(HasSubstr("hunter2")));
}

TEST(ParseDuration, AcceptsWhatPeopleWrite) {
  for (const auto& [text, count] : std::vector<std::pair<const char*, int>>{{"300", 300},
                                                                            {"0", 0},
                                                                            {"30s", 30},
                                                                            {"5m", 300},
                                                                            {"5 min", 300},
                                                                            {"1h", 3600},
                                                                            {"2 hours", 7200},
                                                                            {"1 day", 86400},
                                                                            {"7d", 604800},
                                                                            {"1 WEEK", 604800}}) {
    EXPECT_EQ(parse_duration(text), seconds(count)) << text;
  }
  for (const char* text : {"", "m", "-1", "1.5h", "5 moons", "1h30m", "99999999999999999999",
                           "36601d", " 5", "ms", "5ss"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(ParseRate, AcceptsRestFrameworksFormsAndSpans) {
  const auto check = [](const char* text, std::uint32_t count, int period) {
    const auto rate = parse_rate(text);
    ASSERT_TRUE(rate) << text;
    EXPECT_EQ(rate->count, count) << text;
    EXPECT_EQ(rate->period, seconds(period)) << text;
  };
  check("5/minute", 5, 60);
  check("5/m", 5, 60);
  check("100/hour", 100, 3600);
  check("10/30s", 10, 30);
  check("1/day", 1, 86400);
  check("", 0, 0);
  for (const char* text : {"5", "/m", "5/", "0/m", "5/0s", "x/m", "5/moon", "-5/m"}) {
    EXPECT_FALSE(parse_rate(text)) << text;
  }
}

TEST(ParseDatabaseUrl, KnowsBothDatabases) {
  using Kind = DatabaseSettings::Kind;
  const auto check = [](const char* text, Kind kind, const char* connection) {
    const auto database = parse_database_url(text);
    ASSERT_TRUE(database) << text;
    EXPECT_EQ(database->kind, kind) << text;
    EXPECT_EQ(database->connection, connection) << text;
  };
  check("sqlite:///var/lib/a.db", Kind::kSqlite, "/var/lib/a.db");
  check("sqlite:/var/lib/a.db", Kind::kSqlite, "/var/lib/a.db");
  check("sqlite:a.db", Kind::kSqlite, "a.db");
  check("postgres://u@h/d", Kind::kPostgresql, "postgres://u@h/d");
  check("host=/run/postgresql dbname=x", Kind::kPostgresql, "host=/run/postgresql dbname=x");
  for (const char* text : {"", "sqlite:", "sqlite://a.db", "sqlite::memory:", "sqlite:///",
                           "file.db", "=x", "mysql://u:p@h/d?a=b"}) {
    EXPECT_FALSE(parse_database_url(text)) << text;
  }
}

TEST(ReadSettings, ReadsAnEmptyListAsAList) {
  const Settings settings =
      read({{"audience", ""}, {"verifying_keys", ""}, {"decryption_keys", ""}});
  EXPECT_THAT(settings.audience, IsEmpty());
  EXPECT_THAT(settings.verifying_keys, IsEmpty());
  EXPECT_THAT(problem_of({{"auth_token_classes", ""}}), HasSubstr("must not be empty"));
  EXPECT_THAT(problem_of({{"auth_header_types", ""}}), HasSubstr("must be words"));
}

TEST(ReadSettings, RefusesTwoClaimsWithOneName) {
  EXPECT_EQ(problem_of({{"user_id_claim", "sub"}, {"revoke_token_claim", "sub"}}),
            "app.revoke_token_claim and user_id_claim are both \"sub\"");
  EXPECT_THAT(problem_of({{"user_id_claim", "jti"}}), HasSubstr("are both \"jti\""));
  EXPECT_EQ(problem_of({{"token_type_claim", ""}, {"jti_claim", ""}}), "");
}

TEST(ReadSettings, WarnsAboutSettingsWithoutEffect) {
  EXPECT_THAT(read({{"auth_header_name", "X_Token"}}).warnings,
              ElementsAre(HasSubstr("has an underscore")));
  EXPECT_THAT(read({{"auth_header_name", "HTTP_X_TOKEN"}}).warnings, IsEmpty());
  EXPECT_THAT(read({{"stateless", "on"}, {"check_revoke_token", "on"}}).warnings,
              ElementsAre(HasSubstr("stateless")));
}

TEST(ReadSettings, RefusesAPathThatNoRequestCanHave) {
  for (const char* const path : {"/a?b/", "/a#b/", "/a%20b/"}) {
    EXPECT_THAT(problem_of({{"path_prefix", path}}), HasSubstr("must be a plain path")) << path;
  }
}

}  // namespace
}  // namespace jwt_auth
