// Where a password comes from: the terminal, standard input, or chance; never the command line,
// which everybody on the machine can read. In jwt_auth_admin.
#pragma once

#include <string>

namespace jwt_auth::admin {

/// Asks twice, without echo, on the terminal. Throws Failure: there is none, or the two differ.
std::string ask_password(const std::string& prompt);
/// The first line of standard input. Throws Failure: there is none.
std::string read_password();
/// 22 letters and digits.
std::string random_password();

}  // namespace jwt_auth::admin
