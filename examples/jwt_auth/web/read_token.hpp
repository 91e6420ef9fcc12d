// Turns a client's token into claims that may be trusted: TokenService's checks, with the blacklist
// between them. On an app thread.
#pragma once

#include "tokens/token.hpp"
#include "web/context.hpp"

#include <optional>
#include <string_view>

namespace jwt_auth {

/// simplejwt's token_blacklist app is installed, and tokens have the id that it needs.
bool keeps_tokens(const Settings& settings);

/// Asks the database only if tokens are kept.
bool is_revoked(Context& context, const Claims& claims);

enum class Blacklist { kAsked, kNotAsked };

/// The checks of simplejwt's Token(text), in the same order. `type`: nullopt for any. Throws
/// TokenError.
Claims read_token(Context& context, std::string_view text, std::optional<TokenType> type,
                  Blacklist blacklist);

}  // namespace jwt_auth
