// Keeps two servers that start at the same moment from both taking the place of a stale pidfile or
// unix socket. Master.
#pragma once

#include "base/unique_fd.hpp"

#include <string>

namespace alicorn {

/// Locks the folder of a file between a look at the file and its replacement. A lock on the folder
/// leaves no file behind, and ends with its process. Anybody who can read the folder can take the
/// lock, so the wait has a limit: a process that holds it for longer is not a server that starts.
class FolderLock {
 public:
  explicit FolderLock(const std::string& path_of_file);

 private:
  UniqueFd folder_;
};

}  // namespace alicorn
