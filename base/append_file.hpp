// A log's descriptor: appends, and never waits for a reader that is stuck. Any process.
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

/// Opens the file of a log, or makes it. A master that is root does so as another user.
using FileOpener = std::function<Result<UniqueFd>(const std::string& path, int flags, mode_t mode)>;
Result<UniqueFd> open_as_ourselves(const std::string& path, int flags, mode_t mode);

class AppendFile {
 public:
  /// "-" borrows `standard_fd` (1 or 2); so do the paths of standard_stream() with theirs. Anything
  /// else is opened O_APPEND, made with mode 0640; a FIFO must have a reader.
  static Result<AppendFile> open(const std::string& path, int standard_fd,
                                 const FileOpener& open_file = open_as_ourselves);
  /// /dev/stdout, /proc/self/fd/2 and the like: their descriptor. It cannot be opened where it is a
  /// socket, or a pipe of another user's.
  static std::optional<int> standard_stream(std::string_view path);
  /// What open() has opened, in this process or before its fork.
  static AppendFile own(LingeringFd fd);
  /// Not owned, its flags are not touched: others share its description. No append blocks, also
  /// where it is a pipe in blocking mode with other writers, or a terminal, which says that there
  /// is room and waits all the same; but for one that this process may not open anew (another
  /// user's, or no /proc).
  static AppendFile borrow(int fd);

  struct Outcome {
    std::size_t written = 0;  ///< less than asked for: see error
    int error = 0;            ///< errno; EAGAIN: the reader does not keep up
  };
  /// Whether the caller may wait for a terminal, of which other writers and a slow reader may leave
  /// no room.
  enum class Wait { kMay, kMustNot };
  /// One write(2) where the target takes it whole. SIGPIPE must be ignored.
  Outcome append(std::string_view bytes, Wait wait = Wait::kMustNot) const;

  int fd() const { return fd_; }
  bool is_regular() const { return kind_ == Kind::kRegular; }
  /// Lines for it belong to a thread: a disk holds an append up, and what a terminal has no room
  /// for is lost to who does not wait.
  bool is_slow() const { return is_regular() || kind_ == Kind::kDevice; }
  /// Its descriptor, for a successor to own(); nothing where it is borrowed.
  LingeringFd take() && { return std::move(owned_); }
  /// Somebody has closed the descriptor, as a child does after its fork: it must not be closed
  /// again.
  void forget() { static_cast<void>(owned_.release()); }
  /// Up to so many bytes leave in one piece, not mixed with those of other processes.
  std::size_t atomic_size_max() const;

 private:
  enum class Kind { kRegular, kDevice, kPipe, kSocket, kOther };

  AppendFile(int fd, LingeringFd owned);
  bool would_block() const;
  UniqueFd open_anew() const;

  LingeringFd owned_;  ///< empty when borrowed
  int fd_;
  Kind kind_;
};

}  // namespace alicorn
