// Explains a token: what it says, and whether and why it is valid. In jwt_auth_admin.
#pragma once

#include "admin/tool.hpp"

#include <string>

namespace jwt_auth::admin {

/// "-": read it from standard input. Throws Failure for a token that is not valid.
void decode_token(Tool& tool, const std::string& argument);

}  // namespace jwt_auth::admin
