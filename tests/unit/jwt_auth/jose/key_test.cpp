#include "jose/key.hpp"

#include "jose/json.hpp"
#include "jose/key_material.hpp"
#include "support/keys.hpp"
#include "tokens/token.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <sys/stat.h>

namespace jwt_auth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

/// "" if the key is accepted.
std::string problem_of(const KeySource& source, KeyUse use = KeyUse::kSigning,
                       std::string_view fallback = "HS256") {
  try {
    Key::load(source, "app.k", use, fallback);
    return {};
  } catch (const SettingsError& error) {
    std::string text = error.what();
    if (source.file.empty() || !source.secret.empty()) return text;
    // An operator with several keys must see which file is meant.
    const std::string named = "app.k (" + source.file + ')';
    EXPECT_THAT(text, StartsWith(named));
    return "app.k" + text.substr(std::min(named.size(), text.size()));
  }
}

KeySource secret(std::size_t size, std::string algorithm = {}) {
  return {std::string(size, 's'), {}, {}, std::move(algorithm)};
}

TEST(LoadKey, RefusesAShortSecret) {
  EXPECT_EQ(problem_of(secret(31)),
            "app.k has 31 bytes, too short for HS256, which needs 32 (make one with: openssl rand "
            "-hex 32)");
  EXPECT_EQ(problem_of(secret(32)), "");
  EXPECT_THAT(problem_of(secret(47, "HS384")), HasSubstr("needs 48"));
  EXPECT_EQ(problem_of(secret(48, "HS384")), "");
  EXPECT_THAT(problem_of(secret(63, "HS512")), HasSubstr("needs 64"));
  EXPECT_EQ(problem_of(secret(64, "HS512")), "");
}

TEST(LoadKey, RefusesAFileNameGivenAsASecret) {
  EXPECT_EQ(problem_of({written(std::string(64, 's')), {}, {}, {}}),
            "app.k is the name of a file, not a secret; write {file: ...}");
  EXPECT_THAT(problem_of({public_pem(private_pem("RS256")), {}, {}, {}}),
              StartsWith("app.k is a key in PEM, not a secret"));
}

/// As a secret, each of these would be known to everybody who knows the configuration.
TEST(LoadKey, RefusesTextsThatCannotBeMeantAsASecret) {
  for (const char* path :
       {"/etc/alicorn/keys/of-the-service/jwt-signing.key",
        "./keys/of-the-service-in-production/jwt.pem",
        "~/keys/of-the-service-in-production/jwt.jwk",
        "file:/run/secrets/of-the-service-in-production", "~/keys/of-the-service-in-production"}) {
    EXPECT_EQ(problem_of({path, {}, {}, {}}),
              "app.k is the name of a file that does not exist, not a secret; write {file: ...}")
        << path;
  }
  for (const char* text :
       {"${SIGNING_KEY_OF_THE_SERVICE_IN_PRODUCTION}", "$SIGNING_KEY_OF_THE_SERVICE_IN_PRODUCTION",
        "{{ signing_key_of_the_service_in_production }}"}) {
    EXPECT_THAT(problem_of({text, {}, {}, {}}), StartsWith("app.k is a placeholder")) << text;
  }
  EXPECT_THAT(
      problem_of(
          {R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8"})", {}, {}, {}}),
      StartsWith("app.k is a JWK, not a secret"));
  for (const char* secret :
       {"/M3o2Q1nN0a1G8w0k0eS0pQ2o8cW1c1nE7m1d0vZ2yU=", "$2b$12$not-a-placeholder-but-a-secret",
        "{{a secret of somebody else, really", "django-insecure-$abc#0123456789.key"}) {
    EXPECT_EQ(problem_of({secret, {}, {}, {}}), "") << secret;
  }
}

TEST(LoadKey, SaysWhereASecretGoes) {
  EXPECT_EQ(
      problem_of(file_source("0123456789abcdef0123456789abcdef\n")),
      "app.k is neither a key in PEM nor a JWK. For HS256 write the secret itself as the setting's "
      "value, {secret: \"...\"}, or name a variable of the environment that holds it, "
      "{environment: NAME}; in a file it must be a JWK, {\"kty\":\"oct\",\"k\":\"THE SECRET IN "
      "BASE64URL\"}");
  EXPECT_THAT(problem_of(file_source(std::string("\x01\xff\0\x80", 4), "HS512")),
              HasSubstr("For HS512 write the secret itself"));
  EXPECT_THAT(problem_of(file_source("secret"), KeyUse::kEncrypting, {}),
              HasSubstr("For dir write the secret itself"));
  EXPECT_EQ(problem_of(file_source("0123456789abcdef", "RS256")),
            "app.k is neither a key in PEM nor a JWK");
  EXPECT_EQ(problem_of(secret(64, "RS256")),
            "app.k is a secret, but RS256 needs an RSA key (give {file: private.pem}, or set the "
            "algorithm to HS256, HS384 or HS512)");
}

TEST(LoadKey, NamesTheAlgorithmsThatFitAKeyThatIsNotASecret) {
  EXPECT_EQ(problem_of(file_source(private_pem("RS256"))),
            "app.k is a key of type RSA, but HS256 needs a secret (give a secret, or the key's "
            "own \"algorithm\": RS256, RS384, RS512, PS256, PS384, PS512)");
  EXPECT_THAT(problem_of(file_source(private_pem("ES384"))), HasSubstr("\"algorithm\": ES384)"));
  EXPECT_THAT(problem_of(file_source(private_pem("EdDSA"))), HasSubstr("\"algorithm\": EdDSA)"));
  EXPECT_THAT(problem_of(file_source(new_private_pem("EC", "secp256k1"))),
              HasSubstr("needs a secret (give a secret)"));
}

TEST(LoadKey, RecognisesUnsupportedFormsOfKeys) {
  EXPECT_THAT(problem_of(file_source("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI me@here")),
              StartsWith("app.k is a key in OpenSSH's own form"));
  EXPECT_THAT(problem_of(file_source("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n"
                                     "-----END OPENSSH PRIVATE KEY-----\n")),
              StartsWith("app.k is a key in OpenSSH's own form"));
  EXPECT_THAT(
      problem_of(file_source("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----")),
      StartsWith("app.k is a certificate, not a key (its public key: openssl x509"));
  EXPECT_THAT(problem_of(file_source(std::string("\x30\x82\x04\xbd\x02\x01\0", 7))),
              StartsWith("app.k is binary (DER or PKCS #12); give it in PEM"));
}

class KeyInTheEnvironment : public testing::Test {
 protected:
  static constexpr const char* kName = "JWT_AUTH_TEST_KEY";
  ~KeyInTheEnvironment() override { ::unsetenv(kName); }

  static void set(const std::string& value) { ASSERT_EQ(::setenv(kName, value.c_str(), 1), 0); }
  static KeySource source(std::string algorithm = {}) {
    return {{}, {}, {}, std::move(algorithm), kName};
  }
  static std::string problem(std::string algorithm = {}) {
    const std::string text = problem_of(source(std::move(algorithm)));
    const std::string named = std::string("app.k (environment variable ") + kName + ')';
    if (text.empty()) return text;
    EXPECT_THAT(text, StartsWith(named));
    return text.substr(std::min(named.size(), text.size()));
  }
};

TEST_F(KeyInTheEnvironment, IsASecretOrPemOrAJwk) {
  set(std::string(32, 's'));
  EXPECT_EQ(problem(), "");
  set(private_pem("ES256"));
  EXPECT_EQ(problem("ES256"), "");
  set(R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8","kid":"own"})");
  EXPECT_EQ(Key::load(source(), "app.k", KeyUse::kSigning, "HS256").kid(), "own");
}

TEST_F(KeyInTheEnvironment, IsNamedWhenItIsMissing) {
  ASSERT_EQ(::unsetenv(kName), 0);
  EXPECT_EQ(problem(), " is not set in the environment of this process");
  set("");
  EXPECT_EQ(problem(), " is empty");
  set("short");
  EXPECT_THAT(problem(), StartsWith(" has 5 bytes, too short for HS256"));
  set(written(std::string(64, 's')));
  EXPECT_EQ(problem(), " is the name of a file, not a secret; write {file: ...}");
  set(private_pem("RS256"));
  EXPECT_THAT(problem(), StartsWith(" is a key of type RSA, but HS256 needs a secret"));
  EXPECT_EQ(problem_of({"x", {}, {}, {}, kName}),
            std::string("app.k (environment variable ") + kName +
                ") has both a \"secret\" and an \"environment\"; give one");
}

TEST(LoadKey, WarnsAboutWhiteSpaceAroundASecret) {
  const auto warning_of = [](const std::string& secret) {
    return Key::load({secret, {}, {}, {}}, "app.k", KeyUse::kSigning, "HS256").warning();
  };
  const std::string good(32, 's');
  EXPECT_EQ(warning_of(good), "");
  EXPECT_EQ(warning_of("s s" + good), "");
  for (const std::string& bad : {good + '\n', ' ' + good, good + '\t', good + "\r\n"}) {
    EXPECT_EQ(warning_of(bad),
              "app.k begins or ends with white space, which is part of the secret");
  }
}

TEST(LoadKey, RefusesAShortRsaKey) {
  const std::string pem = new_private_pem("RSA", nullptr, 1024);
  for (const char* algorithm : {"RS256", "PS512"}) {
    EXPECT_THAT(problem_of(file_source(pem, algorithm)),
                StartsWith("app.k is an RSA key of 1024 bits; 2048 to 16384 are accepted"));
  }
  EXPECT_THAT(problem_of(file_source(pem, "RSA-OAEP-256"), KeyUse::kEncrypting, {}),
              HasSubstr("1024 bits"));
}

TEST(LoadKey, RefusesAKeyTypeThatDoesNotFitTheAlgorithm) {
  EXPECT_EQ(problem_of(file_source(private_pem("ES384"), "ES256")),
            "app.k is a key on the curve secp384r1, but ES256 needs an EC key on the curve P-256 "
            "(give another key, or its own \"algorithm\")");
  EXPECT_THAT(problem_of(file_source(private_pem("RS256"))), HasSubstr("HS256 needs a secret"));
  EXPECT_THAT(problem_of(file_source(private_pem("RS256"), "EdDSA")),
              HasSubstr("a key of type RSA, but EdDSA needs an Ed25519 key"));
  EXPECT_THAT(problem_of(file_source(private_pem("EdDSA"), "RS256")),
              HasSubstr("ED25519, but RS256 needs an RSA key"));
  EXPECT_THAT(problem_of(secret(64, "RS256")), HasSubstr("is a secret, but RS256 needs"));
  EXPECT_THAT(problem_of(file_source(new_private_pem("EC", "secp256k1"), "ES256")),
              HasSubstr("curve secp256k1"));
  EXPECT_THAT(problem_of(file_source(new_private_pem("ED448", nullptr), "EdDSA")),
              HasSubstr("ED448"));
}

TEST(LoadKey, RefusesUnknownAlgorithms) {
  for (const char* algorithm : {"none", "hs256", "ES256K", "RSA-OAEP-256", "dir"}) {
    EXPECT_THAT(problem_of(secret(64, algorithm)),
                StartsWith("app.k is for the algorithm \"" + std::string(algorithm) +
                           "\"; known here: HS256, "));
  }
  EXPECT_THAT(problem_of(secret(32, "HS256"), KeyUse::kEncrypting),
              HasSubstr("known here: dir and RSA-OAEP-256"));
}

TEST(LoadKey, RequiresExactlyOneSource) {
  EXPECT_THAT(problem_of({}), HasSubstr("is missing"));
  EXPECT_THAT(problem_of({"x", "y", {}, {}}), HasSubstr("has both"));
}

TEST(LoadKey, RequiresThePrivatePartToSign) {
  const KeySource source = file_source(public_pem(private_pem("ES256")), "ES256");
  EXPECT_EQ(problem_of(source), "app.k is a public key; signing needs the private one");
  EXPECT_EQ(problem_of(source, KeyUse::kVerifying), "");
  EXPECT_THAT(problem_of(file_source(public_pem(private_pem("RS256"))), KeyUse::kDecrypting, {}),
              HasSubstr("decrypting needs the private one"));
}

TEST(LoadKey, SaysWhyAFileIsNotAKey) {
  EXPECT_EQ(problem_of({{}, "/nonexistent/key.pem", {}, {}}),
            "app.k cannot be read: No such file or directory");
  EXPECT_THAT(problem_of(file_source("")), HasSubstr("empty file"));
  EXPECT_EQ(problem_of({{}, "/", {}, {}}),
            "app.k cannot be read: it is a folder, not a regular file");
  EXPECT_THAT(problem_of(file_source("hello")), HasSubstr("is neither a key in PEM"));
  EXPECT_THAT(
      problem_of(file_source("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")),
      HasSubstr("is not a key in PEM"));
  EXPECT_THAT(problem_of(file_source("{")), HasSubstr("is not a JSON object"));
  EXPECT_THAT(problem_of(file_source(std::string(65537, 'x'))), HasSubstr("too large"));
}

TEST(LoadKey, DoesNotWaitForAPipe) {
  const std::string path = file_source("").file + ".pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(problem_of({{}, path, {}, {}}),
            "app.k cannot be read: it is a pipe, not a regular file");
  EXPECT_EQ(problem_of({{}, "/dev/null", {}, {}}),
            "app.k cannot be read: it is a device, not a regular file");
}

TEST(LoadKey, WarnsAboutASecretThatEverybodyCanRead) {
  const auto warning_of = [](const KeySource& source) {
    return Key::load(source, "app.k", KeyUse::kVerifying, "ES256").warning();
  };
  const KeySource open = file_source(private_pem("ES256"));
  ASSERT_EQ(::chmod(open.file.c_str(), 0644), 0);
  EXPECT_EQ(warning_of(open), "app.k (" + open.file +
                                  ") holds a secret that everybody on this machine can read: "
                                  "chmod o= it");
  ASSERT_EQ(::chmod(open.file.c_str(), 0640), 0);
  EXPECT_EQ(warning_of(open), "");
  const KeySource half = file_source(public_pem(private_pem("ES256")));
  ASSERT_EQ(::chmod(half.file.c_str(), 0644), 0);
  EXPECT_EQ(warning_of(half), "");
  EXPECT_EQ(warning_of(secret(32, "HS256")), "");

  Settings settings;
  settings.signing_key.secret = kTestSecret;
  settings.warnings = {"a"};
  ASSERT_EQ(::chmod(open.file.c_str(), 0644), 0);
  settings.verifying_keys = {{{}, open.file, {}, "ES256"}};
  EXPECT_THAT(TokenService(settings).warnings(),
              ElementsAre("a", StartsWith("app.verifying_keys.0 (")));
}

TEST(LoadKey, DoesNotAskForAPassphrase) {
  EXPECT_EQ(problem_of(file_source(encrypted_pem(private_pem("ES256")), "ES256")),
            "app.k is encrypted with a passphrase (remove it with: openssl pkey -in FILE)");
}

TEST(LoadKey, ReadsJwks) {
  EXPECT_EQ(
      problem_of(file_source(R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8"})")),
      "");
  for (const auto& [jwk, problem] : std::vector<std::pair<const char*, const char*>>{
           {"{}", "of type \"\""},
           {R"({"kty":"DSA"})", "of type \"DSA\""},
           {R"({"kty":5})", "\"kty\" is not a string"},
           {R"({"keys":[]})", "is a set of JWKs"},
           {R"({"kty":"oct"})", "without \"k\""},
           {R"({"kty":"oct","k":""})", "\"k\" is not base64url"},
           {R"({"kty":"oct","k":"AA=="})", "\"k\" is not base64url"},
           {R"({"kty":"oct","k":"AAAA"})", "has 3 bytes, too short"},
           {R"({"kty":"oct","k":"AAAA","use":"enc"})", "\"use\" is \"enc\""},
           {R"({"kty":"RSA","n":"AQAB"})", "without \"e\""},
           {R"({"kty":"RSA","n":"AQAB","e":"AQAB","oth":[]})", "more than two primes"},
           {R"({"kty":"EC","crv":"P-192"})", "curve \"P-192\""},
           {R"({"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"})", "does not have 32 bytes"},
           {R"({"kty":"OKP","crv":"X25519","x":"AAAA"})", "curve \"X25519\""},
           {R"({"kty":"OKP","crv":"Ed25519","x":"AAAA"})", "not an Ed25519 key"}}) {
    EXPECT_THAT(problem_of(file_source(jwk)), HasSubstr(problem)) << jwk;
  }
}

TEST(LoadKey, RefusesAPointOffTheCurve) {
  EXPECT_THAT(problem_of(file_source(
                  R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                  R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1"})")),
              HasSubstr("base64url"));
  EXPECT_THAT(problem_of(file_source(
                  R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                  R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4"})")),
              HasSubstr("whose numbers do not form a key"));
}

TEST(LoadKey, RefusesTheHalvesOfTwoKeys) {
  EXPECT_EQ(problem_of(file_source(
                R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",)"
                R"("d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LM","alg":"ES256"})")),
            "app.k has a public part that does not match its private part");
  EXPECT_EQ(problem_of(file_source(R"({"kty":"OKP","crv":"Ed25519","alg":"EdDSA",)"
                                   R"("d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2E",)"
                                   R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})")),
            "app.k has a JWK whose \"x\" does not match its \"d\"");
}

TEST(LoadKey, TakesTheKidFromTheJwkUnlessConfigured) {
  constexpr std::string_view kJwk = R"({"kty":"OKP","crv":"Ed25519","kid":"own","alg":"EdDSA",)"
                                    R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
  const Key key = Key::load(file_source(kJwk), "app.k", KeyUse::kVerifying, "HS256");
  EXPECT_EQ(key.kid(), "own");
  EXPECT_TRUE(key.has_own_kid());
  EXPECT_EQ(key.algorithm().name, "EdDSA");
  EXPECT_EQ(Key::load(file_source(kJwk, {}, "mine"), "app.k", KeyUse::kVerifying, "HS256").kid(),
            "mine");
}

TEST(LoadKey, ASecretHasNoKidByDefault) {
  const Key key = signing_key("HS256");
  EXPECT_EQ(key.kid(), "");
  EXPECT_FALSE(key.has_own_kid());
  EXPECT_TRUE(key.public_jwk().empty());
}

TEST(LoadKey, AcceptsAllFormsOfAContentKey) {
  const std::string raw = "0123456789abcdef0123456789ABCDE!";
  EXPECT_EQ(Key::load({raw, {}, {}, {}}, "app.k", KeyUse::kEncrypting, {}).secret(), raw);
  const std::string hex = "3031323334353637383961626364656630313233343536373839414243444521";
  EXPECT_EQ(Key::load({hex, {}, {}, {}}, "app.k", KeyUse::kEncrypting, {}).secret(), raw);
  const std::string base64url = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlBQkNERSE";
  EXPECT_EQ(Key::load({base64url, {}, {}, {}}, "app.k", KeyUse::kEncrypting, {}).secret(), raw);
  EXPECT_EQ(problem_of(secret(31), KeyUse::kEncrypting, {}),
            "app.k has 31 bytes, dir needs 32 (make them with: openssl rand -hex 32)");
}

TEST(PublicJwk, HasNoPrivateMember) {
  for (const char* algorithm : {"RS256", "PS384", "ES256", "ES384", "ES512", "EdDSA"}) {
    const auto jwk = signing_key(algorithm).public_jwk();
    for (const char* member : {"d", "p", "q", "dp", "dq", "qi", "k"}) {
      EXPECT_FALSE(jwk.contains(member)) << algorithm << member;
    }
    const std::string text = dump_ascii(jwk);
    const Key again = Key::load(file_source(text), "app.k", KeyUse::kVerifying, "HS256");
    EXPECT_FALSE(again.verifies("x", ""));
    EXPECT_EQ(again.kid(), signing_key(algorithm).kid());
    EXPECT_EQ(dump_ascii(again.public_jwk()), text);
    EXPECT_TRUE(
        verify_compact(ring_of(file_source(text)), sign_compact(signing_key(algorithm), "{}")));
  }
  EXPECT_THAT(dump_ascii(signing_key("ES512", "k").public_jwk()),
              MatchesRegex(R"(\{"crv":"P-521","kty":"EC","x":"[^"]{88}","y":"[^"]{88}",)"
                           R"("use":"sig","alg":"ES512","kid":"k"\})"));
}

}  // namespace
}  // namespace jwt_auth
