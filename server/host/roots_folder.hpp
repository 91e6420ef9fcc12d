// Where root may make and open files by a path without being led astray by somebody who can change
// a folder of it. Master.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "server/host/privileges.hpp"

#include <string>

namespace alicorn {

struct RootsPlace {
  UniqueFd folder;
  std::string name;      ///< in the folder
  bool is_proc = false;  ///< a link of /proc that leads to what is open, not to a path
};

/// The last folder of the path and what is to be opened there, links followed. An Error where a
/// folder on the way is not root's, or the identity or everybody may change it. A group of others
/// may write to it: /var/log is syslog's in some distributions.
Result<RootsPlace> find_roots_place(const std::string& path, const Identity& identity);

}  // namespace alicorn
