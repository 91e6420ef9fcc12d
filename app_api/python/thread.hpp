// The threads on which the host calls the application, and Python's states of them. Python bridge.
#pragma once

#include "app_api/python/python.hpp"

#include <atomic>

#include <pthread.h>
#include <sys/mman.h>

namespace alicorn::python {

/// Python's state of a thread lives as long as the thread: what an application keeps in
/// threading.local, such as Django's database connections, stays.
class Thread {
 public:
  enum class Kind { kMain, kOther };

  Thread(Kind kind, PyThreadState* state)
      : kind_(kind), state_(state), id_(PyThread_get_thread_ident()) {}

  /// That of the calling thread, from thread_init to thread_exit.
  static Thread& current() { return *of_this_thread; }
  static void set_current(Thread* thread) { of_this_thread = thread; }

  Kind kind() const { return kind_; }
  PyThreadState* state() const { return state_; }

  /// Before a request, on this thread, and before it waits for the GIL.
  void begin(alicorn_token request) { serves_.store(request); }
  /// The time for the request that it serves was up before it began.
  bool is_interrupted() const { return interrupted_.load() == serves_.load(); }
  /// After the request, with the GIL.
  void end();
  /// Makes the application leave the request by an exception, if it still serves that. On any
  /// thread but this one, without the GIL.
  void interrupt(alicorn_token request);

  /// On the main thread, before requests. False, with an exception set.
  static bool prepare_interrupts();
  /// For trace.hpp: a file in memory of its own; -1: there is none.
  int trace_file() const { return trace_file_; }
  static void clear_interrupts();
  /// Is this the exception by which an application is interrupted?
  static bool is_interruption(const Raised& raised);

 private:
  friend PyObject* raise_in_main_thread(PyObject* self, PyObject* arguments);

  const Kind kind_;
  PyThreadState* const state_;
  const unsigned long id_;  ///< NOLINT(google-runtime-int): CPython's type
  const pthread_t handle_ = ::pthread_self();
  const int trace_file_ = ::memfd_create("python-stack", MFD_CLOEXEC);
  std::atomic<alicorn_token> serves_{0};
  std::atomic<alicorn_token> interrupted_{0};

  static inline thread_local Thread* of_this_thread = nullptr;
};

/// Has the GIL, on a thread of the application.
class GilHold {
 public:
  GilHold() { PyEval_RestoreThread(Thread::current().state()); }
  ~GilHold() { PyEval_SaveThread(); }
  GilHold(const GilHold&) = delete;
  GilHold& operator=(const GilHold&) = delete;
};

}  // namespace alicorn::python
