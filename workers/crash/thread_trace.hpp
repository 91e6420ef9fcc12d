// The backtrace of another thread, recorded by that thread itself in a signal handler, so that the
// caller does not wait. Worker.
#pragma once

#include "alicorn/app.h"
#include "workers/crash/stack_trace.hpp"

#include <atomic>

#include <sys/types.h>

namespace alicorn {

/// How an app tells the stack of the calling thread (alicorn_app.trace).
struct AppTracer {
  decltype(alicorn_app::trace) trace = nullptr;  ///< null: it does not
  void* worker_state = nullptr;
  void* thread_state = nullptr;

  /// In a signal handler.
  void tell(AppStack& stack) const noexcept;
};

/// One for each thread that runs app code. Lives as long as the process.
class ThreadTrace {
 public:
  /// I/O thread. No second trace is requested before release().
  bool is_there() const { return state_.load(std::memory_order_acquire) == State::kThere; }
  const StackTrace& trace() const { return trace_; }
  const AppStack& app_stack() const { return app_stack_; }
  void release() { state_.store(State::kFree, std::memory_order_relaxed); }

 private:
  friend void register_thread_for_traces();
  friend void set_app_tracer_of_this_thread(const AppTracer& tracer);
  friend AppTracer app_tracer_of_this_thread() noexcept;
  friend ThreadTrace* ask_for_trace(pid_t tid);
  friend void take_trace_of_this_thread(void* context) noexcept;
  enum class State { kFree, kAsked, kThere };

  std::atomic<State> state_{State::kFree};
  pid_t tid_ = 0;
  ThreadTrace* next_ = nullptr;
  StackTrace trace_;
  AppStack app_stack_;
  AppTracer tracer_;
};

/// Called once by each thread whose trace may be requested.
void register_thread_for_traces();
/// For threads that the app starts itself. Main thread, before there are any.
void set_app_tracer_of_other_threads(const AppTracer& tracer);
/// By a registered thread, as soon as the app has its state of it.
void set_app_tracer_of_this_thread(const AppTracer& tracer);
/// That of the calling thread, which may be one that the app has started itself. In a signal
/// handler.
AppTracer app_tracer_of_this_thread() noexcept;
/// Sets an eventfd that is written when a trace is complete.
void set_trace_wake_fd(int fd);
/// I/O thread. Null: there is no such thread, or a request is pending already.
ThreadTrace* ask_for_trace(pid_t tid);
/// Called in the handler of interrupting_signal(). A damaged stack cuts the trace short.
void take_trace_of_this_thread(void* context) noexcept;
/// Called in the handler of a fault. Does not return if the fault is one of
/// take_trace_of_this_thread().
void leave_faulting_trace() noexcept;

}  // namespace alicorn
