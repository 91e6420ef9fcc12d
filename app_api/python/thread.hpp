// The threads on which the host calls the application, and Python's states of them. Python bridge.
#pragma once

#include "app_api/python/python.hpp"

namespace alicorn::python {

/// Python's state of a thread lives as long as the thread: what an application keeps in
/// threading.local, such as Django's database connections, stays.
class Thread {
 public:
  /// Of the calling thread, from thread_init to thread_exit.
  static PyThreadState* state() { return state_; }
  static void set_state(PyThreadState* state) { state_ = state; }

 private:
  static inline thread_local PyThreadState* state_ = nullptr;
};

/// Has the GIL, on a thread of the application.
class GilHold {
 public:
  GilHold() { PyEval_RestoreThread(Thread::state()); }
  ~GilHold() { PyEval_SaveThread(); }
  GilHold(const GilHold&) = delete;
  GilHold& operator=(const GilHold&) = delete;
};

}  // namespace alicorn::python
