// Where a path leads, held by descriptors: root must not be led astray by somebody who can change a
// folder of the path between two looks at it. In jwt_auth_admin.
#pragma once

#include "text/descriptor.hpp"

#include <set>
#include <string>

namespace jwt_auth::admin {

/// Whether a link in a folder that others may change leads on. One that root follows to write
/// leads wherever they like.
enum class ForeignLinks { kRefuse, kFollow };

struct Place {
  Descriptor folder;  ///< only to be named in openat and the like
  std::string name;   ///< in it; nothing need be there yet
  /// Whom the folders on the way belong to, apart from root: each can exchange what comes after. In
  /// a folder where yet others may make files it is who has made what the path names there.
  std::set<unsigned> owners;
  /// A folder on the way where yet others can, a group or everybody; empty: there is none.
  std::string shared_folder;

  bool is_roots_alone() const { return owners.empty() && shared_folder.empty(); }
};

/// Links at the end are followed with kFollow alone. Throws Failure.
Place find_place(const std::string& path, ForeignLinks links);

}  // namespace jwt_auth::admin
