#include "app_api/python/trace.hpp"

#include <algorithm>
#include <atomic>
#include <string_view>

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

namespace alicorn::python {
namespace {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): for a signal handler
/// What faulthandler uses: async-signal-safe. Not in the API, so a Python may lack it.
void (*dump_traceback)(int fd, PyThreadState* state) = nullptr;
/// It writes to a descriptor: to a file in memory.
int file = -1;
std::atomic<bool> is_used{false};
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

/// Without the heading and the blanks in front of each frame.
void write_frames(std::string_view text, alicorn_trace_write write, void* context) {
  text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  while (!text.empty()) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const std::size_t size = std::min(text.find('\n'), text.size() - 1) + 1;
    write(context, text.data(), size);
    text.remove_prefix(size);
  }
}

}  // namespace

void prepare_trace() {
  dump_traceback =
      reinterpret_cast<decltype(dump_traceback)>(::dlsym(RTLD_DEFAULT, "_Py_DumpTraceback"));
  if (dump_traceback != nullptr) file = ::memfd_create("python-stack", MFD_CLOEXEC);
}

void trace(void* /*worker_state*/, void* /*thread_state*/, alicorn_trace_write write,
           void* context) {
  PyThreadState* const state = file >= 0 ? PyGILState_GetThisThreadState() : nullptr;
  if (state == nullptr || is_used.exchange(true)) return;
  char text[4096];
  ssize_t size = -1;
  if (::ftruncate(file, 0) == 0 && ::lseek(file, 0, SEEK_SET) == 0) {
    dump_traceback(file, state);
    size = ::pread(file, text, sizeof text, 0);
  }
  if (size > 0) write_frames({text, static_cast<std::size_t>(size)}, write, context);
  is_used.store(false);
}

}  // namespace alicorn::python
