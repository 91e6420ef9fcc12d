// Keeps the numbers 0, 1 and 2 for the standard streams, whatever an app has closed. What an app
// prints must never reach a client or one of our files. Used in any process.
#pragma once

#include <initializer_list>

#include <fcntl.h>
#include <unistd.h>

namespace alicorn {

/// Opens /dev/null for each missing standard stream. Otherwise the next descriptor to be opened
/// would get that number.
inline void open_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // `fd` is the lowest free number. Without /dev/null nothing can be done.
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) < 0) return;
  }
}

/// Takes a descriptor that was just opened. If it has the number of a missing standard stream,
/// returns a duplicate with a higher number and opens /dev/null in its place.
inline int above_standard_streams(int fd) {
  if (fd < 0 || fd > STDERR_FILENO) return fd;
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (moved < 0) return fd;  // no descriptor is free: keep this one
  ::close(fd);
  // The lowest free number is `fd`, or that of another standard stream.
  while (true) {
    const int plug = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (plug < 0) return moved;
    if (plug > STDERR_FILENO) {
      ::close(plug);
      return moved;
    }
    ::fcntl(plug, F_SETFD, 0);  // programs that we execute expect their streams
  }
}

}  // namespace alicorn
