// Keeps two servers that start at the same moment from both taking the place of a stale pidfile or
// unix socket. Master.
#pragma once

#include "base/unique_fd.hpp"

#include <string>

namespace alicorn {

/// Holds the folder of a file between a look at the file and its replacement. A lock on the folder
/// leaves no file of its own behind, and ends with its process. Anybody who may read the folder can
/// take it, hence it is waited for only so long: who holds it for longer does not start a server.
class FolderLock {
 public:
  explicit FolderLock(const std::string& path_of_file);

 private:
  UniqueFd folder_;
};

}  // namespace alicorn
