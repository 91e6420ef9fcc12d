// A token that a client sent becomes claims that may be believed: TokenService's checks, with the
// blacklist between them. On an app thread.
#pragma once

#include "tokens/token.hpp"
#include "web/context.hpp"

#include <optional>
#include <string_view>

namespace jwt_auth {

/// simplejwt's token_blacklist app is installed, and tokens have the id that it goes by.
bool keeps_tokens(const Settings& settings);

/// Only where tokens are kept is the database asked.
bool is_revoked(Context& context, const Claims& claims);

enum class Blacklist { kAsked, kNotAsked };

/// What simplejwt's Token(text) checks, in its order. `type`: nullopt for any. Throws TokenError.
Claims read_token(Context& context, std::string_view text, std::optional<TokenType> type,
                  Blacklist blacklist);

}  // namespace jwt_auth
