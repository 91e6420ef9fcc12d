// Resolves a path with descriptors: root must not be misled by a user who changes a folder of the
// path between two looks at it. In jwt_auth_admin.
#pragma once

#include "text/descriptor.hpp"

#include <set>
#include <string>

namespace jwt_auth::admin {

/// Whether to follow a link in a folder that other users may change. If root follows such a link to
/// write, the other user chooses where.
enum class ForeignLinks { kRefuse, kFollow };

struct Place {
  Descriptor folder;  ///< O_PATH: only for openat and the like
  std::string name;   ///< in that folder; nothing need exist yet
  /// The owners of the folders on the path, without root: each can replace what comes after. In a
  /// folder where still others may create files, the owner of the next entry counts too.
  std::set<unsigned> owners;
  /// A folder on the path that a group or everybody may change; empty: none.
  std::string shared_folder;

  bool is_roots_alone() const { return owners.empty() && shared_folder.empty(); }
};

/// A link at the end is followed only with kFollow. Throws Failure.
Place find_place(const std::string& path, ForeignLinks links);

}  // namespace jwt_auth::admin
