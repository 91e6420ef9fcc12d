// The listening end of the control socket and its file: mode 0600, bound only where no other server
// answers, removed only if the file is still ours. Master.
#pragma once

#include "base/address.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <string>

#include <sys/types.h>

namespace alicorn {

class ControlListener {
 public:
  /// For a server without a control socket.
  ControlListener() = default;
  /// Replaces the file that a dead server left behind. Refuses a path at which another server
  /// answers, unless that is `predecessor`, the old master of an upgrade (0: there is none). The
  /// path then passes to the new master without a moment in which nobody answers.
  static Result<ControlListener> open(const std::string& path, pid_t predecessor = 0);

  int fd() const { return fd_.get(); }  ///< -1: none
  const std::string& path() const { return path_; }
  /// Whether the path still leads to this socket.
  bool is_in_place() const;
  /// Closes the socket, and removes the file if it is still ours.
  void close();

 private:
  Result<void> take_over(const Address& address);

  UniqueFd fd_;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace alicorn
