#include "base/append_file.hpp"

#include "base/open_descriptors.hpp"
#include "base/standard_streams.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace alicorn {

Result<UniqueFd> open_as_ourselves(const std::string& path, int flags, mode_t mode) {
  return adopt(above_standard_streams(::open(path.c_str(), flags, mode)), "open", path);
}

AppendFile::AppendFile(int fd, LingeringFd owned)
    : owned_(std::move(owned)), fd_(fd), kind_(Kind::kOther) {
  const mode_t type = type_of(fd_);
  if (S_ISREG(type)) kind_ = Kind::kRegular;
  if (S_ISCHR(type)) kind_ = Kind::kDevice;
  if (S_ISFIFO(type)) kind_ = Kind::kPipe;
  if (S_ISSOCK(type)) kind_ = Kind::kSocket;
}

AppendFile AppendFile::borrow(int fd) {
  return {fd, LingeringFd()};
}

AppendFile AppendFile::own(LingeringFd fd) {
  const int number = fd.get();
  return {number, std::move(fd)};
}

std::optional<int> AppendFile::standard_stream(std::string_view path) {
  for (const std::string_view same : {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}) {
    if (path == same) return STDOUT_FILENO;
  }
  for (const std::string_view same : {"/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"}) {
    if (path == same) return STDERR_FILENO;
  }
  return std::nullopt;
}

Result<AppendFile> AppendFile::open(const std::string& path, int standard_fd,
                                    const FileOpener& open_file) {
  if (path == "-") return borrow(standard_fd);
  if (const auto stream = standard_stream(path)) return borrow(*stream);
  constexpr mode_t kMode = 0640;  // clients' addresses and paths are not for everybody
  // O_NONBLOCK means nothing to a regular file; a FIFO it keeps from waiting for a reader.
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  Result<UniqueFd> opened = open_file(path, kFlags, kMode);
  if (!opened) return tl::unexpected(opened.error());
  return own(LingeringFd(opened->release()));
}

std::size_t AppendFile::atomic_size_max() const {
  return kind_ == Kind::kRegular ? std::numeric_limits<std::size_t>::max() : std::size_t{PIPE_BUF};
}

bool AppendFile::would_block() const {
  pollfd entry{.fd = fd_, .events = POLLOUT, .revents = 0};
  // An error, too, is "ready": the write will tell which.
  return ::poll(&entry, 1, 0) == 0;
}

/// Between poll and write another process may take the room, and the write would block; and a
/// terminal has less than poll says. The same pipe or terminal opened anew does not, and nobody
/// else's description is touched. For one append only: the descriptor may be exchanged under us,
/// and a pipe that we held would never end for its reader.
UniqueFd AppendFile::open_anew() const {
  if ((kind_ != Kind::kPipe && kind_ != Kind::kDevice) || owned_) return {};
  char path[40];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd_);
  return UniqueFd(::open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
}

AppendFile::Outcome AppendFile::append(std::string_view bytes, Wait wait) const {
  Outcome outcome;
  const bool may_wait = kind_ == Kind::kRegular || (kind_ == Kind::kDevice && wait == Wait::kMay);
  // None where there is no /proc, or the pipe is another user's: then poll is what is left.
  const UniqueFd anew = may_wait ? UniqueFd() : open_anew();
  const int fd = anew ? anew.get() : fd_;
  while (outcome.written < bytes.size()) {
    std::string_view piece = bytes.substr(outcome.written);
    ssize_t written = 0;
    if (may_wait) {
      written = ::write(fd, piece.data(), piece.size());
    } else if (kind_ == Kind::kSocket) {
      written = ::send(fd_, piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    } else {
      // A pipe that polls writable has room for PIPE_BUF bytes; more could block.
      piece = piece.substr(0, PIPE_BUF);
      if (!anew && would_block()) {
        outcome.error = EAGAIN;
        return outcome;
      }
      written = ::write(fd, piece.data(), piece.size());
    }
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      outcome.error = written < 0 ? errno : EIO;
      return outcome;
    }
    outcome.written += static_cast<std::size_t>(written);
  }
  return outcome;
}

}  // namespace alicorn
