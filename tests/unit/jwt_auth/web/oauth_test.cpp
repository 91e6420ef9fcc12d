#include "web/oauth.hpp"

#include "support/keys.hpp"

#include <gmock/gmock.h>

namespace jwt_auth {
namespace {

using testing::ElementsAre;

const Client kClient{"1", "hash", "read write", true};

std::vector<std::string> names_of(const Settings& settings, const std::string& scope) {
  const TokenService tokens(settings);
  std::vector<std::string> names;
  for (const auto& claim : client_claims(tokens, settings, kClient, scope, Clock::now())) {
    names.emplace_back(claim.key());
  }
  return names;
}

Settings with_claim(const std::string& user_id_claim) {
  Settings settings;
  settings.signing_key.secret = kTestSecret;
  settings.user_id_claim = user_id_claim;
  return settings;
}

TEST(ClientClaims, NameTheClient) {
  EXPECT_THAT(names_of(with_claim("user_id"), "read"),
              ElementsAre("token_type", "exp", "iat", "jti", "sub", "client_id", "scope"));
  EXPECT_THAT(names_of(with_claim("user_id"), ""),
              ElementsAre("token_type", "exp", "iat", "jti", "sub", "client_id"));
}

TEST(ClientClaims, NeverNameAUser) {
  EXPECT_THAT(names_of(with_claim("sub"), "read"),
              ElementsAre("token_type", "exp", "iat", "jti", "client_id", "scope"));
  EXPECT_THAT(names_of(with_claim("client_id"), "read"),
              ElementsAre("token_type", "exp", "iat", "jti", "sub", "scope"));
  EXPECT_THAT(names_of(with_claim("scope"), "read"),
              ElementsAre("token_type", "exp", "iat", "jti", "sub", "client_id"));
}

}  // namespace
}  // namespace jwt_auth
