// The backtrace of another thread, taken by that thread itself in a signal handler, so that whoever
// asks does not wait. Worker.
#pragma once

#include "workers/crash/stack_trace.hpp"

#include <atomic>

#include <sys/types.h>

namespace alicorn {

/// One for each thread that runs the app's code; lives as long as the process.
class ThreadTrace {
 public:
  /// I/O thread: no second one is asked for before release().
  bool is_there() const { return state_.load(std::memory_order_acquire) == State::kThere; }
  const StackTrace& trace() const { return trace_; }
  void release() { state_.store(State::kFree, std::memory_order_relaxed); }

 private:
  friend void register_thread_for_traces();
  friend ThreadTrace* ask_for_trace(pid_t tid);
  friend void take_trace_of_this_thread(void* context) noexcept;
  enum class State { kFree, kAsked, kThere };

  std::atomic<State> state_{State::kFree};
  pid_t tid_ = 0;
  ThreadTrace* next_ = nullptr;
  StackTrace trace_;
};

/// Each thread of which a trace may be asked, once.
void register_thread_for_traces();
/// An eventfd that is written when a trace is there.
void set_trace_wake_fd(int fd);
/// I/O thread. Null: no such thread, or it was asked already.
ThreadTrace* ask_for_trace(pid_t tid);
/// In the handler of interrupting_signal(). A stack that is damaged cuts the trace short.
void take_trace_of_this_thread(void* context) noexcept;
/// In the handler of a fault: does not return if it is one of take_trace_of_this_thread().
void leave_faulting_trace() noexcept;

}  // namespace alicorn
