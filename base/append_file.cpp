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
  constexpr mode_t kMode = 0640;  // not everybody may read clients' addresses and paths
  // O_NONBLOCK has no effect on a regular file. Opening a FIFO would wait for a reader without it.
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
  // poll reports an error as "ready", too. The write will then return it.
  return ::poll(&entry, 1, 0) == 0;
}

/// Between poll and write another process may take the room, so that the write would block. A
/// terminal also has less room than poll says. Opening the same pipe or terminal again in
/// non-blocking mode avoids both, and leaves the flags of the shared description alone. The new
/// descriptor lives for one append only: ours may be replaced meanwhile, and a pipe that we kept
/// open would never end for its reader.
UniqueFd AppendFile::open_anew() const {
  if ((kind_ != Kind::kPipe && kind_ != Kind::kDevice) || owned_) return {};
  char path[40];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd_);
  return UniqueFd(::open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
}

AppendFile::Outcome AppendFile::append(std::string_view bytes, Wait wait) const {
  Outcome outcome;
  const bool may_wait = kind_ == Kind::kRegular || (kind_ == Kind::kDevice && wait == Wait::kMay);
  // Empty if there is no /proc or the pipe belongs to another user. In that case we rely on poll.
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
      // A pipe that polls as writable has room for PIPE_BUF bytes. Writing more could block.
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
