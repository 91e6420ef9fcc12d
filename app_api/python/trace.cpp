#include "app_api/python/trace.hpp"

#include "app_api/python/thread.hpp"

#include <algorithm>
#include <string_view>

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

namespace alicorn::python {
namespace {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): for a signal handler
/// What faulthandler uses: async-signal-safe. Not in the API, so a Python may lack it.
void (*dump_traceback)(int fd, PyThreadState* state) = nullptr;
/// It writes to a descriptor: to a file in memory. Each thread of the host has its own; this is for
/// threads that the application has started, of which one at most crashes.
int file_of_others = -1;
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
  if (dump_traceback != nullptr) file_of_others = ::memfd_create("python-stack", MFD_CLOEXEC);
}

void trace(void* /*worker_state*/, void* thread_state, alicorn_trace_write write, void* context) {
  const auto* const thread = static_cast<const Thread*>(thread_state);
  const int fd = thread != nullptr ? thread->trace_file() : file_of_others;
  PyThreadState* const state =
      dump_traceback != nullptr && fd >= 0 ? PyGILState_GetThisThreadState() : nullptr;
  if (state == nullptr) return;
  char text[4096];
  if (::ftruncate(fd, 0) != 0 || ::lseek(fd, 0, SEEK_SET) != 0) return;
  dump_traceback(fd, state);
  const ssize_t size = ::pread(fd, text, sizeof text, 0);
  if (size > 0) write_frames({text, static_cast<std::size_t>(size)}, write, context);
}

}  // namespace alicorn::python
