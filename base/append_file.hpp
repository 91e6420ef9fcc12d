// The descriptor of a log. Appends lines, and never waits for a stuck reader. Used in any process.
#pragma once

#include "base/lingering_fd.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace alicorn {

/// Opens or creates a log file. A master that runs as root does so as another user.
using FileOpener = std::function<Result<UniqueFd>(const std::string& path, int flags, mode_t mode)>;
Result<UniqueFd> open_as_ourselves(const std::string& path, int flags, mode_t mode);

class AppendFile {
 public:
  /// "-" borrows `standard_fd` (1 or 2). A path that standard_stream() knows borrows the descriptor
  /// of that stream. Any other file is opened with O_APPEND, and created with mode 0640 if it is
  /// missing. A FIFO must have a reader.
  static Result<AppendFile> open(const std::string& path, int standard_fd,
                                 const FileOpener& open_file = open_as_ourselves);
  /// The descriptor of a path such as /dev/stdout or /proc/self/fd/2. Such a path cannot be opened
  /// if the stream is a socket, or a pipe that belongs to another user.
  static std::optional<int> standard_stream(std::string_view path);
  /// Takes over a descriptor that open() opened, in this process or before the fork.
  static AppendFile own(LingeringFd fd);
  /// Does not own the descriptor and leaves its flags alone, because other processes share the open
  /// file description. Even so, no append blocks on a pipe in blocking mode with other writers, nor
  /// on a terminal, which reports that there is room and then waits. The exception is one that this
  /// process may not reopen: it belongs to another user, or there is no /proc.
  static AppendFile borrow(int fd);

  struct Outcome {
    std::size_t written = 0;  ///< fewer than asked for: see error
    int error = 0;            ///< errno; EAGAIN if the reader does not keep up
  };
  /// Whether the caller may wait for a terminal that is full because of other writers or a slow
  /// reader.
  enum class Wait { kMay, kMustNot };
  /// Uses one write(2) if the target takes the bytes whole. SIGPIPE must be ignored.
  Outcome append(std::string_view bytes, Wait wait = Wait::kMustNot) const;

  int fd() const { return fd_; }
  bool is_regular() const { return kind_ == Kind::kRegular; }
  /// A thread should write the lines for this file. A disk can hold up an append, and a caller that
  /// does not wait loses whatever a terminal has no room for.
  bool is_slow() const { return is_regular() || kind_ == Kind::kDevice; }
  /// Gives the descriptor to a successor, which calls own(). Empty if the descriptor is borrowed.
  LingeringFd take() && { return std::move(owned_); }
  /// The descriptor has already been closed by somebody else, as a child does after its fork. It
  /// must not be closed again.
  void forget() { static_cast<void>(owned_.release()); }
  /// Up to this many bytes are written in one piece, not mixed with those of other processes.
  std::size_t atomic_size_max() const;

 private:
  enum class Kind { kRegular, kDevice, kPipe, kSocket, kOther };

  AppendFile(int fd, LingeringFd owned);
  bool would_block() const;
  UniqueFd open_anew() const;

  LingeringFd owned_;  ///< empty if borrowed
  int fd_;
  Kind kind_;
};

}  // namespace alicorn
