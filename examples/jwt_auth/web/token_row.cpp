#include "web/token_row.hpp"

#include <algorithm>

namespace jwt_auth {
namespace {

/// 0 if the claim is absent or not a time: only a refresh checks that.
std::int64_t refresh_exp_of(const Settings& settings, const Claims& claims) {
  constexpr std::int64_t kYear9999 = 253'402'300'799;
  const auto* value = claims.if_contains(settings.sliding_token_refresh_exp_claim);
  const auto* number = value != nullptr ? value->if_int64() : nullptr;
  return number != nullptr && *number <= kYear9999 ? *number : 0;
}

}  // namespace

OutstandingToken row_of(const Settings& settings, const Claims& claims, const std::string& text,
                        std::optional<std::int64_t> user_id, Time now) {
  const auto jti =
      settings.jti_claim ? TokenService::text_of(claims, *settings.jti_claim) : std::nullopt;
  const std::int64_t exp = TokenService::seconds_of(claims, "exp").value_or(0);
  // A sliding token keeps its jti while exp advances. If the row went with the first exp, its
  // revocation would go, too, and the token could slide on.
  const std::int64_t refresh_exp = refresh_exp_of(settings, claims);
  return {jti.value_or(""), text, user_id, now, Time(seconds(std::max(exp, refresh_exp)))};
}

}  // namespace jwt_auth
