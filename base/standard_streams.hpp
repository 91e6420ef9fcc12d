// The numbers 0, 1 and 2 belong to the standard streams, whatever an application has closed: what
// it prints must never reach a client or a file of ours. Any process.
#pragma once

#include <initializer_list>

#include <fcntl.h>
#include <unistd.h>

namespace alicorn {

/// Opens /dev/null where a standard stream is missing: or the next descriptor that is opened would
/// have its number.
inline void open_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // The lowest free number is this one. Where there is no /dev/null, nothing can be done.
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) < 0) return;
  }
}

/// A descriptor that was just opened; in the place of a standard stream that is missing, another
/// number for the same, with /dev/null where it was.
inline int above_standard_streams(int fd) {
  if (fd < 0 || fd > STDERR_FILENO) return fd;
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (moved < 0) return fd;  // no descriptor is free: nothing better can be had
  ::close(fd);
  // The lowest free number is this one, or another standard stream's.
  while (true) {
    const int plug = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (plug < 0) return moved;
    if (plug > STDERR_FILENO) {
      ::close(plug);
      return moved;
    }
    ::fcntl(plug, F_SETFD, 0);  // programs that are started expect their streams
  }
}

}  // namespace alicorn
