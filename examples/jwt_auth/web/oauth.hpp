// The client-credentials grant, RFC 6749 section 4.4: a program gets an access token for itself. On
// an app thread.
#pragma once

#include "web/context.hpp"
#include "web/reply.hpp"

#include <string>

namespace jwt_auth {

/// What a client's access token says. No user: whatever name user_id_claim has, a client's id never
/// stands there.
Claims client_claims(const TokenService& tokens, const Settings& settings, const Client& client,
                     const std::string& scope, Clock::time_point now);

/// POST /oauth/token. Throws Refusal and AddressUnknown.
Reply answer_token_request(Context& context);

/// 503 in the shape of this endpoint's errors.
Reply oauth_unavailable();

}  // namespace jwt_auth
