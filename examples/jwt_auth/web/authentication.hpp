// Who a request comes from, by its Authorization header: for the pages that an application
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
  /// From the database; nullopt with `stateless`, where the claims are all there is.
  std::optional<User> user;
};

/// What Django's JWTAuthentication with IsAuthenticated does. Throws Refusal: 401.
Identity require_user(Context& context);

/// A valid access token of anybody, a client of the client-credentials grant too: asks no database.
/// Throws Refusal: 401.
Claims require_token(Context& context);

/// The claim `scope` has that word. Throws Refusal: 403.
void require_scope(const Claims& claims, std::string_view scope);

/// A user as `user_id_field` names him; nullopt for none, and for an id that cannot be one.
std::optional<User> find_user(Context& context, std::string_view user_id);

}  // namespace jwt_auth
