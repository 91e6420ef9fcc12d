// Makes a signing key. In jwt_auth_admin.
#pragma once

#include <string>
#include <string_view>

namespace jwt_auth::admin {

/// A private key in PEM, or for HMAC a JWK with a secret as long as its digest twice. `algorithm`
/// is one that signs. Throws Failure.
std::string make_key(std::string_view algorithm, std::string_view kid);

}  // namespace jwt_auth::admin
