// Explains a token: what it says, and why it is good or not. In jwt_auth_admin.
#pragma once

#include "admin/tool.hpp"

#include <string>

namespace jwt_auth::admin {

/// "-": read from standard input. Throws Failure for a token that is not good.
void decode_token(Tool& tool, const std::string& argument);

}  // namespace jwt_auth::admin
