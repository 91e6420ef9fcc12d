#include "web/read_token.hpp"

namespace jwt_auth {

bool keeps_tokens(const Settings& settings) {
  return settings.token_blacklist && settings.jti_claim.has_value();
}

bool is_revoked(Context& context, const Claims& claims) {
  if (!keeps_tokens(context.settings)) return false;
  const auto jti = TokenService::text_of(claims, *context.settings.jti_claim);
  return jti && context.store.is_blacklisted(*jti);
}

Claims read_token(Context& context, std::string_view text, std::optional<TokenType> type,
                  Blacklist blacklist) {
  Claims claims = context.tokens.decode(text, context.now);
  if (blacklist == Blacklist::kAsked && is_revoked(context, claims)) {
    throw TokenError("Token is blacklisted");
  }
  context.tokens.verify(claims, type);
  return claims;
}

}  // namespace jwt_auth
