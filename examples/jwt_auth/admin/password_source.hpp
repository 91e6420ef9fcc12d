// Where a password comes from: the terminal, standard input or a random generator; never the
// command line, which every user of the machine can read. In jwt_auth_admin.
#pragma once

#include <string>

namespace jwt_auth::admin {

/// Asks twice on the terminal, without echo. Throws Failure: no terminal, or the answers differ.
std::string ask_password(const std::string& prompt);
/// The first line of standard input. Throws Failure if there is none.
std::string read_password();
/// 22 letters and digits.
std::string random_password();

}  // namespace jwt_auth::admin
