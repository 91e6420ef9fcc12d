#include "base/lingering_fd.hpp"

#include "base/thread_start.hpp"

#include <atomic>
#include <new>

namespace alicorn {
namespace {

std::atomic<pid_t> process_with_threads{0};  // NOLINT(*-avoid-non-const-global-variables)

/// If a thread is starting during a fork, the allocator of AddressSanitizer stays locked in the
/// child.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kMayHaveThreads = false;
#elif defined(__has_feature)
constexpr bool kMayHaveThreads = !__has_feature(address_sanitizer);
#else
constexpr bool kMayHaveThreads = true;
#endif

thread_local bool this_thread_may_wait = false;

bool has_thread_for(int fd) {
  return static_cast<bool>(start_thread("close", [fd] { close_now(fd); }));
}

}  // namespace

void let_threads_close() {
  if (kMayHaveThreads) process_with_threads = ::getpid();
}

void close_in_background(int fd) noexcept {
  try {
    const bool is_wanted = !this_thread_may_wait && process_with_threads == ::getpid();
    if (is_wanted && has_thread_for(fd)) return;
  } catch (const std::bad_alloc&) {  // treat it as a missing thread
  }
  close_now(fd);
}

void let_this_thread_wait() {
  this_thread_may_wait = true;
}

}  // namespace alicorn
