// The user and groups that the workers run as. In jwt_auth_admin.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace jwt_auth::admin {

struct Identity {
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups{};
  std::string name{};  ///< or the number as text
};

/// Reads them as the server reads its settings of these names; `group` may be empty. Throws
/// Failure.
Identity find_identity(const std::string& user, const std::string& group);

}  // namespace jwt_auth::admin
