#include "base/lingering_fd.hpp"

#include "base/thread_start.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <new>

#include <fcntl.h>
#include <sys/stat.h>

namespace alicorn {
namespace {

std::atomic<pid_t> process_with_threads{0};  // NOLINT(*-avoid-non-const-global-variables)

/// The allocator of AddressSanitizer is left locked by a fork while a thread starts.
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
  } catch (const std::bad_alloc&) {  // as where there is no thread
  }
  close_now(fd);
}

void let_this_thread_wait() {
  this_thread_may_wait = true;
}

void close_all_but_files(std::initializer_list<int> kept) {
  std::vector<int> unwanted;
  std::error_code no_proc;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", no_proc)) {
    const int fd = std::atoi(entry.path().filename().c_str());
    const bool is_kept = std::find(kept.begin(), kept.end(), fd) != kept.end();
    if (fd > STDERR_FILENO && !is_kept && !is_regular_file(fd)) unwanted.push_back(fd);
  }
  for (const int fd : unwanted) ::close(fd);  // the one for the folder itself is closed already
}

std::vector<int> take_regular_files(std::vector<int>& fds) {
  std::vector<int> taken;
  std::copy_if(fds.begin(), fds.end(), std::back_inserter(taken), is_regular_file);
  std::erase_if(fds, is_regular_file);
  return taken;
}

bool is_regular_file(int fd) {
  // The type of an open file never changes: no server of a network file system need be asked.
  struct statx status {};
  return ::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &status) == 0 &&
         S_ISREG(status.stx_mode);
}

}  // namespace alicorn
