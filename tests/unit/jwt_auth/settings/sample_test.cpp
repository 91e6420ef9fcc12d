// The sample configuration that an operator starts from: examples/jwt_auth/jwt_auth.yaml.
#include "admin/config_file.hpp"
#include "settings/settings.hpp"
#include "support/keys.hpp"
#include "tokens/token.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <tuple>

namespace jwt_auth {
namespace {

constexpr const char* kPath = ALICORN_SOURCE_DIR "/examples/jwt_auth/jwt_auth.yaml";

/// The sample, with names of files that exist here.
std::string sample() {
  std::ifstream stream(kPath);
  std::string text(std::istreambuf_iterator<char>(stream), {});
  const std::pair<std::string, std::string> files[] = {
      {"/etc/alicorn/jwt.key", written(private_pem("ES256"))},
      {"/etc/alicorn/jwt-2025.pub", written(public_pem(new_private_pem("EC", "P-256")))},
      {"/etc/alicorn/jwe.pem", written(private_pem("RSA-OAEP-256"))}};
  for (const auto& [name, path] : files) {
    const std::size_t at = text.find(name);
    if (at == std::string::npos) throw std::runtime_error("the sample names no " + name);
    text.replace(at, name.size(), path);
  }
  return text;
}

/// Activates commented-out settings: "  # leeway: 0s" becomes "  leeway: 0s". Headlines stay.
std::string uncommented(const std::string& text) {
  return std::regex_replace(text, std::regex("\n( +)# (?!---)"), "\n$1");
}

std::string replaced(std::string text, const std::string& before, const std::string& after) {
  const std::size_t at = text.find(before);
  if (at == std::string::npos) throw std::runtime_error("the sample has no " + before);
  return text.replace(at, before.size(), after);
}

TEST(Start, TakesKeyAndDatabaseFromTheEnvironment) {
  std::ifstream stream(ALICORN_SOURCE_DIR "/examples/jwt_auth/start.yaml");
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  ASSERT_EQ(::setenv("DATABASE_URL", "postgresql://db/x", 1), 0);
  const Settings settings = read_settings(admin::parse_config(text, "start.yaml").app);
  EXPECT_EQ(settings.signing_key.environment, "SIGNING_KEY");
  EXPECT_EQ(settings.database.connection, "postgresql://db/x");
  ASSERT_EQ(::unsetenv("DATABASE_URL"), 0);
}

Settings read(const std::string& text) {
  return read_settings(admin::parse_config(text, "jwt_auth.yaml").app);
}

auto plain_members(const Settings& s) {
  const auto lifetimes = std::tuple(s.access_token_lifetime, s.refresh_token_lifetime,
                                    s.sliding_token_lifetime, s.sliding_token_refresh_lifetime,
                                    s.leeway, s.rotation_grace, s.client_token_lifetime);
  const auto switches =
      std::tuple(s.rotate_refresh_tokens, s.blacklist_after_rotation, s.update_last_login,
                 s.check_revoke_token, s.check_user_is_active, s.token_blacklist, s.stateless);
  const auto names = std::tuple(s.issuer, s.auth_header_name, s.user_id_field, s.user_id_claim,
                                s.token_type_claim, s.jti_claim, s.sliding_token_refresh_exp_claim,
                                s.revoke_token_claim, s.path_prefix);
  return std::tuple(lifetimes, switches, names, s.audience, s.auth_header_types,
                    s.auth_token_classes, s.algorithm, s.login_rate.count, s.password_iterations,
                    s.database.timeout, s.database.connection, s.warnings);
}

TEST(Sample, StartsAService) {
  const Settings settings = read(sample());
  const TokenService tokens(settings);
  EXPECT_THAT(tokens.warnings(), testing::Each(testing::HasSubstr("everybody on this machine")));
  EXPECT_NE(tokens.jwks(), R"({"keys":[]})");
}

TEST(Sample, ShowsTheDefaultsInItsComments) {
  const std::string text = uncommented(sample());
  // An encryption key without encryption is refused.
  const Settings settings = read(replaced(text, "encrypt: false", "encrypt: true"));
  EXPECT_EQ(plain_members(settings), plain_members(read(sample())));
  EXPECT_EQ(settings.verifying_keys.size(), 1U);
  EXPECT_FALSE(settings.encryption_key.file.empty());
  const TokenService tokens(settings);
  const std::string token = tokens.encode(tokens.make(TokenType::kAccess, Clock::now()));
  EXPECT_EQ(std::count(token.begin(), token.end(), '.'), 4);
  tokens.decode(token, Clock::now());
}

TEST(Sample, ShowsEverySetting) {
  // Each name that the reader asks for must be in the sample.
  std::ifstream stream(ALICORN_SOURCE_DIR "/examples/jwt_auth/settings/settings.cpp");
  const std::string source(std::istreambuf_iterator<char>(stream), {});
  const std::string text = uncommented(sample());
  const std::regex call("reader\\.read\\(\"([a-z_]+)\"");
  std::size_t count = 0;
  for (std::sregex_iterator it(source.begin(), source.end(), call), end; it != end; ++it) {
    ++count;
    EXPECT_NE(text.find("\n  " + (*it)[1].str() + ":"), std::string::npos) << (*it)[1];
  }
  EXPECT_GT(count, 30U);
}

}  // namespace
}  // namespace jwt_auth
