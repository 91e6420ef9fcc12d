#include "base/lingering_fd.hpp"

#include "base/thread_start.hpp"

#include <atomic>
#include <new>

#include <fcntl.h>
#include <sys/stat.h>

namespace alicorn {
namespace {

std::atomic<pid_t> process_with_threads{0};  // NOLINT(*-avoid-non-const-global-variables)

/// The allocator of AddressSanitizer is left locked by a fork while a thread starts.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kMayHaveThreads = false;
#else
constexpr bool kMayHaveThreads = true;
#endif

bool has_thread_for(int fd) {
  return static_cast<bool>(start_thread("close", [fd] { close_now(fd); }));
}

}  // namespace

void let_threads_close() {
  if (kMayHaveThreads) process_with_threads = ::getpid();
}

void close_in_background(int fd) noexcept {
  try {
    if (process_with_threads == ::getpid() && has_thread_for(fd)) return;
  } catch (const std::bad_alloc&) {  // as where there is no thread
  }
  close_now(fd);
}

bool is_regular_file(int fd) {
  // The type of an open file never changes: no server of a network file system need be asked.
  struct statx status {};
  return ::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &status) == 0 &&
         S_ISREG(status.stx_mode);
}

}  // namespace alicorn
