#include "app_api/python/thread.hpp"

#include <signal.h>

namespace alicorn::python {
namespace {

/// CPython lets sleep(), lock.acquire() and their like be interrupted by signals only, and only on
/// the main thread. This one is of no use to anybody else: the server has SIGRTMAX - 3.
int interrupting_signal() {
  return SIGRTMAX - 4;
}

PyObject* exception_type = nullptr;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

void raise_interruption() {
  PyErr_SetString(exception_type, "the time for this request is up (request_timeout, timeout)");
}

}  // namespace

/// The handler. The signal may come when the request is over.
PyObject* raise_in_main_thread(PyObject* /*self*/, PyObject* /*arguments*/) {
  const Thread& thread = Thread::current();
  const alicorn_token serves = thread.serves_.load();
  if (serves == 0 || thread.interrupted_.load() != serves) {
    return Py_NewRef(Py_None);
  }
  raise_interruption();
  return nullptr;
}

void Thread::end() {
  serves_.store(0);
  if (interrupted_.exchange(0) == 0 || kind_ == Kind::kMain) return;
  PyThreadState_SetAsyncExc(id_, nullptr);  // what has not been raised must not meet the next one
}

void Thread::interrupt(alicorn_token request) {
  if (kind_ == Kind::kMain) {
    interrupted_.store(request);
    ::pthread_kill(handle_, interrupting_signal());
    return;
  }
  const PyGILState_STATE before = PyGILState_Ensure();
  if (serves_.load() == request) {
    interrupted_.store(request);
    PyThreadState_SetAsyncExc(id_, exception_type);
  }
  PyGILState_Release(before);
}

bool Thread::prepare_interrupts() {
  static PyMethodDef handler = {"interrupt", raise_in_main_thread, METH_VARARGS, nullptr};
  // Not an Exception, which applications and frameworks catch.
  exception_type = PyErr_NewExceptionWithDoc(
      "alicorn.RequestTimeout", "The time for this request is up, and its client has got a 504.",
      PyExc_BaseException, nullptr);
  const Ref function(exception_type != nullptr ? PyCFunction_New(&handler, nullptr) : nullptr);
  const Ref signals(function ? PyImport_ImportModule("signal") : nullptr);
  return signals && Ref(PyObject_CallMethod(signals.get(), "signal", "iO", interrupting_signal(),
                                            function.get()));
}

void Thread::clear_interrupts() {
  ::signal(interrupting_signal(), SIG_IGN);
  Py_CLEAR(exception_type);
}

bool Thread::is_interruption(const Raised& raised) {
  return raised && PyErr_GivenExceptionMatches(raised.value(), exception_type) != 0;
}

}  // namespace alicorn::python
