// Identifies the sender of a request by its Authorization header; for the pages that an application
// protects. On an app thread.
//
//   Reply orders(Context& context) {
//     const Identity who = require_user(context);          // throws Refusal: 401
//     require_scope(who.claims, "orders:read");                    // throws Refusal: 403
//     ... who.user->id, who.claims ...
//   }
#pragma once

#include "store/records.hpp"
#include "tokens/token.hpp"
#include "web/context.hpp"

#include <optional>
#include <string_view>

namespace jwt_auth {

struct Identity {
  Claims claims;
  /// from the database; nullopt with `stateless`: then there are only the claims
  std::optional<User> user;
};

/// The same as Django's JWTAuthentication with IsAuthenticated. Throws Refusal: 401.
Identity require_user(Context& context);

/// Any valid access token, also that of a client (client-credentials grant); does not ask the
/// database. Throws Refusal: 401.
Claims require_token(Context& context);

/// Throws Refusal (403) unless the claim `scope` contains that word.
void require_scope(const Claims& claims, std::string_view scope);

/// The user with that value in `user_id_field`; nullopt if there is none, or if the id cannot be
/// one.
std::optional<User> find_user(Context& context, std::string_view user_id);

}  // namespace jwt_auth
