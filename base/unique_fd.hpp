// Owner of one file descriptor. Used in any process.
#pragma once

#include "base/result.hpp"

#include <string_view>
#include <utility>

#include <unistd.h>

namespace alicorn {

/// `Close` is the function that closes the descriptor; it is noexcept.
template <void (*Close)(int fd)>
class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(other.release()) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  ~OwnedFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) Close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

/// Never retried: Linux has closed the descriptor when close() returns, even with EINTR.
inline void close_now(int fd) noexcept {
  ::close(fd);
}

using UniqueFd = OwnedFd<close_now>;

/// Takes ownership of what a system call returned, or turns its errno into an Error.
template <typename Fd = UniqueFd>
Result<Fd> adopt(int fd, std::string_view operation, std::string_view object = {}) {
  if (fd < 0) return fail_errno(operation, object);
  return Fd(fd);
}

}  // namespace alicorn
