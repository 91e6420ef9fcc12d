// Makes a signing key. In jwt_auth_admin.
#pragma once

#include <string>
#include <string_view>

namespace jwt_auth::admin {

/// A private key in PEM; for HMAC a JWK whose secret is twice as long as the digest. `algorithm`
/// must be one that signs. Throws Failure.
std::string make_key(std::string_view algorithm, std::string_view kid);

}  // namespace jwt_auth::admin
