// Lets root open files with only the rights of the workers' user for a while. In jwt_auth_admin.
#pragma once

#include "admin/identity.hpp"

#include <optional>
#include <vector>

namespace jwt_auth::admin {

/// Holds for the object's lifetime. Only the ids that the kernel checks for file access change, so
/// processes of that user may neither signal this process nor look into its memory. The process has
/// one thread.
class ActingAs {
 public:
  /// Nullopt: keep our own rights. Throws Failure.
  explicit ActingAs(const std::optional<Identity>& identity);
  ~ActingAs();
  ActingAs(const ActingAs&) = delete;
  ActingAs& operator=(const ActingAs&) = delete;

 private:
  bool has_begun_ = false;
  std::vector<gid_t> groups_;  ///< those from before
};

}  // namespace jwt_auth::admin
