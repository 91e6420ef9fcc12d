#include "admin/config_edit.hpp"

#include "admin/config_file.hpp"
#include "admin/failure.hpp"

#include <gmock/gmock.h>

namespace jwt_auth::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

KeySet two_keys() {
  KeySet keys;
  keys.signing.file = "/keys/new.pem";
  keys.signing.kid = "new";
  keys.verifying.push_back({"a \"secret\" \\ of \xc3\xa9", "", "", "HS256"});
  return keys;
}

constexpr const char* kTwoKeys =
    "  signing_key:\n"
    "    file: \"/keys/new.pem\"\n"
    "    kid: \"new\"\n"
    "  verifying_keys:\n"
    "    - secret: \"a \\\"secret\\\" \\\\ of \\u00e9\"\n"
    "      algorithm: \"HS256\"\n";

TEST(KeySection, ShowsTheVariableButNotItsValue) {
  KeySet keys;
  keys.signing.environment = "SIGNING_KEY";
  EXPECT_EQ(key_section(keys, "  ", Secrets::kShown),
            "  signing_key:\n    environment: \"SIGNING_KEY\"\n");
}

TEST(ParseConfig, FlattensAsTheServerDoes) {
  const ConfigFile file = parse_config(
      "chdir: /srv\nuser: app\napp:\n  database: {url: 'sqlite:x', timeout: 5s}\n"
      "  audience: [a, b]\n  jti_claim: ~\n  issuer: ''\n  list: []\n",
      "x.yaml");
  EXPECT_EQ(file.chdir, "/srv");
  EXPECT_EQ(file.user, "app");
  EXPECT_THAT(file.app,
              ElementsAre(Pair("audience.0", "a"), Pair("audience.1", "b"),
                          Pair("database.timeout", "5s"), Pair("database.url", "sqlite:x"),
                          Pair("issuer", ""), Pair("jti_claim", ""), Pair("list", "")));
}

TEST(ParseConfig, SaysWhatIsWrongAndWhere) {
  const auto problem = [](const char* text) -> std::string {
    try {
      parse_config(text, "x.yaml");
    } catch (const Failure& failure) {
      return failure.what();
    }
    return "";
  };
  EXPECT_EQ(problem("workers: 2\n"), "x.yaml has no section \"app\"");
  EXPECT_EQ(problem(""), "x.yaml is not a map of settings");
  EXPECT_EQ(problem("app: [1]\n"), "x.yaml:1: app must be a map");
  EXPECT_EQ(problem("app:\n  a: 1\n  a: 2\n"), "x.yaml:3: \"a\" is given twice");
  EXPECT_THAT(problem("app:\n  a: \"open\n"), HasSubstr("x.yaml:"));
  EXPECT_EQ(problem("app: {a: 1}\n---\napp: {a: 2}\n"),
            "x.yaml:2: only one document is read, and it ends before this line");
  EXPECT_THAT(problem("app: {a: &a {x: 1}, b: {<<: *a}}\n"), HasSubstr("merge keys (<<)"));
  EXPECT_THAT(problem("app:\n  a: !env SECRET\n"), HasSubstr("x.yaml:2: a tag (!env)"));
  EXPECT_THAT(problem(","), HasSubstr("x.yaml"));
  EXPECT_THAT(problem("app: {a: &x [*x]}\n"), HasSubstr("x.yaml"));
}

TEST(ConfigEdit, ReplacesTheKeysAndKeepsTheRest) {
  const std::string before =
      "# The service.\n"
      "workers: 2\n"
      "\n"
      "app:\n"
      "  # how we sign\n"
      "  signing_key: 0123456789  # old\n"
      "\n"
      "  # where we store\n"
      "  database: {url: 'sqlite:x'}\n"
      "\n"
      "# the end\n"
      "bind: 127.0.0.1:80\n";
  EXPECT_EQ(with_keys(before, "x", two_keys()),
            "# The service.\nworkers: 2\n\napp:\n  # how we sign\n" + std::string(kTwoKeys) +
                "\n  # where we store\n  database: {url: 'sqlite:x'}\n\n# the end\n"
                "bind: 127.0.0.1:80\n");
}

TEST(ConfigEdit, FindsTheKeysAnywhereInTheSection) {
  const std::string before =
      "app:\n"
      "  verifying_keys:\n"
      "  - file: a.pem\n"
      "    kid: a\n"
      "  # comment\n"
      "  leeway: 5\n"
      "  signing_key:\n"
      "    secret: |-\n"
      "      many\n"
      "      lines\n";
  EXPECT_EQ(with_keys(before, "x", two_keys()),
            "app:\n  # comment\n  leeway: 5\n" + std::string(kTwoKeys));
  EXPECT_EQ(with_keys("app:\n  signing_key: x", "x", two_keys()), "app:\n" + std::string(kTwoKeys));
}

TEST(ConfigEdit, RemovesTheLastVerifyingKey) {
  KeySet keys = two_keys();
  keys.verifying.clear();
  const std::string text = with_keys("app:\n" + std::string(kTwoKeys), "x", keys);
  EXPECT_THAT(text, Not(HasSubstr("verifying_keys")));
}

TEST(ConfigEdit, RefusesFilesThatItCannotEditLineByLine) {
  for (const char* text : {
           "app: {signing_key: x}\n",
           "app: {signing_key: x,\n  leeway: 5}\n",
           "app:\n  leeway: 5\n",
           "app:\n  signing_key: &key\n    secret: x\n  encryption_key: *key\n",
       }) {
    EXPECT_THROW(with_keys(text, "x", two_keys()), Failure) << text;
  }
}

TEST(KeySection, HidesSecretsOnRequest) {
  EXPECT_EQ(key_section(two_keys(), "  ", Secrets::kShown), kTwoKeys);
  EXPECT_THAT(key_section(two_keys(), "  ", Secrets::kHidden), Not(HasSubstr("secret\\\"")));
}

}  // namespace
}  // namespace jwt_auth::admin
