// Owner of one file descriptor. Any process.
#pragma once

#include "base/result.hpp"

#include <string_view>
#include <utility>

#include <unistd.h>

namespace alicorn {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    // EINTR included, Linux has closed the descriptor when close() returns: never retried.
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

/// Takes over what a system call returned, or turns its errno into an Error.
inline Result<UniqueFd> adopt(int fd, std::string_view operation, std::string_view object = {}) {
  if (fd < 0) return fail_errno(operation, object);
  return UniqueFd(fd);
}

}  // namespace alicorn
