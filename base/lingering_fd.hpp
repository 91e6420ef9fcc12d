// Owner of a descriptor whose close may block. Closing a file may wait for the disk as a write
// does: FUSE asks its server, and NFS writes back what is in memory, even if a copy of the
// descriptor stays open. Closing a unix socket also closes descriptors that were sent through it
// and not received; a TCP socket among them may linger. In a process that others wait for, a
// separate thread does the close. Used in any process.
#pragma once

#include "base/unique_fd.hpp"

namespace alicorn {

/// Allows such threads in this process from here on, but not in its children: a zygote must have a
/// single thread when it forks.
void let_threads_close();

/// Closes at once if threads are not allowed, or none can be started.
void close_in_background(int fd) noexcept;

/// For a thread that may block: it closes its own descriptors.
void let_this_thread_wait();

using LingeringFd = OwnedFd<close_in_background>;

}  // namespace alicorn
