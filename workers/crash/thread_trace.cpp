#include "workers/crash/thread_trace.hpp"

#include "workers/crash/crash_handler.hpp"

#include <cstdint>

#include <errno.h>
#include <setjmp.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

namespace alicorn {
namespace {

// Global because a signal handler gets no argument.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
std::atomic<ThreadTrace*> first_trace{nullptr};
std::atomic<int> wake_fd{-1};
thread_local ThreadTrace* trace_of_this_thread = nullptr;
AppTracer tracer_of_other_threads;
/// Null: this thread is not recording a trace.
thread_local sigjmp_buf* way_out_of_trace = nullptr;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

/// The unwinder trusts what it finds on the stack. A fault leaves a trace that is cut short.
void take_it_whole_or_cut(StackTrace& trace, AppStack& app_stack, const AppTracer& tracer,
                          ucontext_t& context) {
  const mcontext_t before = context.uc_mcontext;
  volatile int steps_begun = 0;
  sigjmp_buf way_out;
  if (::sigsetjmp(way_out, 1) != 0 && steps_begun < 3) {
    trace.is_cut.store(1, std::memory_order_relaxed);
  }
  way_out_of_trace = &way_out;
  if (steps_begun == 0) {
    steps_begun = 1;
    take_stack_trace(trace, &context);
  }
  context.uc_mcontext = before;  // the thread continues with this context
  if (steps_begun == 1) {
    steps_begun = 2;
    name_functions(trace);
  }
  if (steps_begun == 2) {
    steps_begun = 3;
    tracer.tell(app_stack);
  }
  way_out_of_trace = nullptr;
}

}  // namespace

void register_thread_for_traces() {
  if (trace_of_this_thread != nullptr) return;
  // Never freed: a thread that is stuck in the app may still write it when the process ends.
  auto* trace = new ThreadTrace();  // NOLINT(cppcoreguidelines-owning-memory)
  trace->tid_ = ::gettid();
  trace_of_this_thread = trace;
  trace->next_ = first_trace.load(std::memory_order_relaxed);
  while (!first_trace.compare_exchange_weak(trace->next_, trace, std::memory_order_release))
    continue;
}

void AppTracer::tell(AppStack& stack) const noexcept {
  if (trace == nullptr) return;
  trace(
      worker_state, thread_state,
      [](void* context, const char* text, std::size_t size) {
        static_cast<AppStack*>(context)->append(text, size);
      },
      &stack);
}

void set_app_tracer_of_other_threads(const AppTracer& tracer) {
  tracer_of_other_threads = tracer;
}

void set_app_tracer_of_this_thread(const AppTracer& tracer) {
  if (trace_of_this_thread != nullptr) trace_of_this_thread->tracer_ = tracer;
}

AppTracer app_tracer_of_this_thread() noexcept {
  const bool is_apps = trace_of_this_thread != nullptr && trace_of_this_thread->tracer_.trace;
  return is_apps ? trace_of_this_thread->tracer_ : tracer_of_other_threads;
}

void set_trace_wake_fd(int fd) {
  wake_fd.store(fd, std::memory_order_relaxed);
}

ThreadTrace* ask_for_trace(pid_t tid) {
  ThreadTrace* trace = first_trace.load(std::memory_order_acquire);
  while (trace != nullptr && trace->tid_ != tid) trace = trace->next_;
  auto free = ThreadTrace::State::kFree;
  if (trace == nullptr ||
      !trace->state_.compare_exchange_strong(free, ThreadTrace::State::kAsked)) {
    return nullptr;
  }
  if (::syscall(SYS_tgkill, ::getpid(), tid, interrupting_signal()) == 0) return trace;
  trace->release();
  return nullptr;
}

void take_trace_of_this_thread(void* context) noexcept {
  ThreadTrace* const trace = trace_of_this_thread;
  if (trace == nullptr ||
      trace->state_.load(std::memory_order_acquire) != ThreadTrace::State::kAsked) {
    return;
  }
  const int error = errno;
  trace->app_stack_.size.store(0, std::memory_order_relaxed);
  take_it_whole_or_cut(trace->trace_, trace->app_stack_, trace->tracer_,
                       *static_cast<ucontext_t*>(context));
  trace->state_.store(ThreadTrace::State::kThere, std::memory_order_release);
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written =
      ::write(wake_fd.load(std::memory_order_relaxed), &one, sizeof one);
  errno = error;
}

void leave_faulting_trace() noexcept {
  if (way_out_of_trace != nullptr) ::siglongjmp(*way_out_of_trace, 1);
}

}  // namespace alicorn
