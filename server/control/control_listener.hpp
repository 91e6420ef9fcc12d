// The control socket's file: 0600, bound where nobody else answers, removed only if it is ours.
// Master.
#pragma once

#include "base/address.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <string>

#include <sys/types.h>

namespace alicorn {

class ControlListener {
 public:
  /// Of a server without one.
  ControlListener() = default;
  /// Replaces what a server that is gone left there; refuses where another answers, unless that is
  /// `predecessor`: the old master of an upgrade loses the path to the new one, without a moment
  /// in which nobody answers. 0: there is none.
  static Result<ControlListener> open(const std::string& path, pid_t predecessor = 0);

  int fd() const { return fd_.get(); }  ///< -1: none
  const std::string& path() const { return path_; }
  /// Whether the path still leads here.
  bool is_in_place() const;
  /// Closes it; the file goes too if it still is ours.
  void close();

 private:
  Result<void> take_over(const Address& address);

  UniqueFd fd_;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace alicorn
