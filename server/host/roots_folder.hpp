// Lets root create and open files by a path without being led astray by somebody who can change a
// folder of the path. Master.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "server/host/privileges.hpp"

#include <string>

namespace alicorn {

struct RootsPlace {
  UniqueFd folder;
  std::string name;      ///< in the folder
  bool is_proc = false;  ///< a link in /proc that leads to an open file, not to a path
};

/// The last folder of the path and the name to be opened there, with links followed. An Error if a
/// folder on the way does not belong to root, or the identity or everybody may change it. A group
/// of others may write to it: in some distributions, /var/log belongs to the group syslog.
Result<RootsPlace> find_roots_place(const std::string& path, const Identity& identity);

}  // namespace alicorn
