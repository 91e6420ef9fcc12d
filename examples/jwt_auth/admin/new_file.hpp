// The files that an operator's secrets are kept in. In jwt_auth_admin.
#pragma once

#include <string>
#include <string_view>

namespace jwt_auth::admin {

struct Owner {
  unsigned user = 0, group = 0;
};

/// A file that is not there yet, readable by its owner alone; it is on the disk when this returns.
/// Only root can give it to somebody else. Throws Failure.
void write_secret_file(const std::string& path, std::string_view text, Owner owner);

/// In one step, with the old one's mode and owner; what it held before is in PATH.old. Throws
/// Failure, and has then changed nothing.
void replace_file(const std::string& path, std::string_view text);

}  // namespace jwt_auth::admin
