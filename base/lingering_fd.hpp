// Owner of a descriptor whose close may wait. That of a file may wait for the disk as a write does:
// FUSE asks its server, NFS writes back what is in memory, even where a copy of the descriptor
// stays open. That of a unix socket closes what was sent through it and not read, and a TCP socket
// among that may linger. So in a process that others wait for, a thread of its own closes it. Any
// process.
#pragma once

#include "base/unique_fd.hpp"

namespace alicorn {

/// From now on, in this process and not in its children: a zygote may have no second thread when it
/// forks.
void let_threads_close();

/// At once where no thread may be had, or can.
void close_in_background(int fd) noexcept;

/// For a thread that may wait: what it lets go of it closes itself.
void let_this_thread_wait();

using LingeringFd = OwnedFd<close_in_background>;

}  // namespace alicorn
