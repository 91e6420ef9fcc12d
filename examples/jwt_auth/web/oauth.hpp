// The client-credentials grant of RFC 6749 section 4.4: a program gets its own access token. On an
// app thread.
#pragma once

#include "web/context.hpp"
#include "web/reply.hpp"

#include <string>

namespace jwt_auth {

/// The claims of a client's access token. They name no user: user_id_claim, whatever its name,
/// never contains a client's id.
Claims client_claims(const TokenService& tokens, const Settings& settings, const Client& client,
                     const std::string& scope, Clock::time_point now);

/// POST /oauth/token. Throws Refusal and AddressUnknown.
Reply answer_token_request(Context& context);

/// A 503 in the form of this endpoint's errors.
Reply oauth_unavailable();

}  // namespace jwt_auth
