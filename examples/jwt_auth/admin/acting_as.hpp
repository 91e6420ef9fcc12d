// For a while root opens files with the rights of the workers' user alone. In jwt_auth_admin.
#pragma once

#include "admin/identity.hpp"

#include <optional>
#include <vector>

namespace jwt_auth::admin {

/// To its end. Only what the kernel asks about files changes, so that no process of that user may
/// send signals or look into the memory meanwhile. The process has one thread.
class ActingAs {
 public:
  /// Nullopt: as nobody else. Throws Failure.
  explicit ActingAs(const std::optional<Identity>& identity);
  ~ActingAs();
  ActingAs(const ActingAs&) = delete;
  ActingAs& operator=(const ActingAs&) = delete;

 private:
  bool has_begun_ = false;
  std::vector<gid_t> groups_;  ///< before
};

}  // namespace jwt_auth::admin
