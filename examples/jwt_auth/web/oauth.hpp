// The client-credentials grant, RFC 6749 section 4.4: a program gets an access token for itself. On
// an app thread.
#pragma once

#include "web/context.hpp"
#include "web/reply.hpp"

namespace jwt_auth {

/// POST /oauth/token
Reply answer_token_request(Context& context);

}  // namespace jwt_auth
