// CPython as an application of Alicorn: a shared object against the public header, as any other.
// Which WSGI application it serves, the server says under "python." in the configuration.
#include "app_api/python/application.hpp"
#include "app_api/python/collector.hpp"
#include "app_api/python/interpreter.hpp"
#include "app_api/python/static_files.hpp"
#include "app_api/python/thread.hpp"
#include "app_api/python/trace.hpp"
#include "app_api/python/warm_up.hpp"

#include <exception>
#include <optional>
#include <string>
#include <vector>

#include <pthread.h>

namespace alicorn::python {
namespace {

struct Bridge {
  const alicorn_host* host = nullptr;
  Application application;
  Collector collector;
  StaticFiles static_files;
  PyThreadState* main_thread = nullptr;
  bool forks = false;  ///< workers may be forked from this process: until worker_init
};

/// Never destroyed: its objects end with the interpreter, and not after it.
Bridge& bridge() {
  static Bridge& only = *new Bridge;  // NOLINT(cppcoreguidelines-owning-memory)
  return only;
}

std::string setting(const alicorn_host& host, const std::string& key) {
  alicorn_string value;
  const bool is_set = host.config_get(&host, text_of(key), &value) == ALICORN_OK;
  return is_set ? std::string(view(value)) : std::string();
}

/// "prefix.0", "prefix.1", ...
std::vector<std::string> list_setting(const alicorn_host& host, const std::string& prefix) {
  std::vector<std::string> items;
  for (;;) {
    std::string item = setting(host, prefix + '.' + std::to_string(items.size()));
    if (item.empty()) return items;
    items.push_back(std::move(item));
  }
}

/// No exception may leave a callback.
template <class Function>
std::int32_t guarded(Function function) noexcept {
  try {
    return function();
  } catch (const std::exception& problem) {
    log_line({bridge().host}, ALICORN_LOG_ERROR, problem.what());
    return ALICORN_ERROR;
  }
}

// pthread_atfork(3): what CPython's own fork does around the system call. Only in the process from
// which workers are forked; a fork by the application is Python's business.

void before_fork() {
  if (bridge().forks) PyOS_BeforeFork();
}
void after_fork_in_parent() {
  if (bridge().forks) PyOS_AfterFork_Parent();
}
void after_fork_in_child() {
  if (bridge().forks) PyOS_AfterFork_Child();
}

/// The main thread keeps the GIL from here to worker_init.
std::int32_t preload(const alicorn_host* host, void** /*app_state*/) {
  return guarded([&] {
    Bridge& self = bridge();
    self.host = host;
    const std::string name = setting(*host, "python.application");
    if (name.empty()) {
      log_line({host}, ALICORN_LOG_ERROR, "no application: start it as alicorn MODULE:CALLABLE");
      return ALICORN_ERROR;
    }
    const InterpreterSettings settings{.virtual_environment = setting(*host, "python.venv"),
                                       .folders = list_setting(*host, "python.path")};
    const std::vector<std::string> folders = list_setting(*host, "python.static_folder");
    for (const std::string& prefix : list_setting(*host, "python.static")) {
      self.static_files.add(prefix, folders.at(self.static_files.count()));
    }
    if (!Interpreter::start(*host, settings)) return ALICORN_ERROR;
    self.collector.pause();
    if (!self.application.load(*host, name)) return ALICORN_ERROR;
    if (!self.application.begin(*host, false)) return ALICORN_ERROR;
    warm_up(*host, self.application, list_setting(*host, "python.preload_request"));
    Collector::keep_what_is_there();
    self.forks = ::pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0;
    return self.forks ? ALICORN_OK : ALICORN_ERROR_MEMORY;
  });
}

std::int32_t worker_init(const alicorn_host* host, const alicorn_worker* worker, void* /*state*/,
                         void** /*worker_state*/) {
  return guarded([&] {
    Bridge& self = bridge();
    self.forks = false;
    self.collector.resume();
    prepare_trace();
    const bool is_ready =
        Thread::prepare_interrupts() && self.application.begin(*host, worker->threads > 1);
    if (PyErr_Occurred() != nullptr) log_exception({host}, "cannot prepare the interpreter");
    self.main_thread = PyEval_SaveThread();
    return is_ready ? ALICORN_OK : ALICORN_ERROR;
  });
}

std::int32_t thread_init(void* /*worker_state*/, std::uint32_t index, void** thread_state) {
  return guarded([&] {
    const auto kind = index == 0 ? Thread::Kind::kMain : Thread::Kind::kOther;
    PyThreadState* const state = kind == Thread::Kind::kMain
                                     ? bridge().main_thread
                                     : PyThreadState_New(PyInterpreterState_Main());
    if (state == nullptr) return ALICORN_ERROR;
    // Never freed: somebody may be about to interrupt it.
    auto* const thread = new Thread(kind, state);  // NOLINT(cppcoreguidelines-owning-memory)
    Thread::set_current(thread);
    *thread_state = thread;
    return ALICORN_OK;
  });
}

std::int32_t on_request(alicorn_request* request) {
  std::optional<std::int32_t> sent;
  const std::int32_t failed = guarded([&] {
    sent = bridge().static_files.answer(*request);
    return ALICORN_OK;
  });
  if (failed != ALICORN_OK || sent) return sent.value_or(failed);
  Thread& thread = Thread::current();
  thread.begin(request->token);
  const GilHold hold;
  if (thread.is_interrupted()) {  // while it waited for the GIL: its client has its 504
    thread.end();
    return ALICORN_ERROR_GONE;
  }
  const std::int32_t result = guarded([&] { return bridge().application.serve(*request); });
  thread.end();
  PyErr_Clear();  // if memory has run out in between
  return result;
}

std::int32_t interrupt(void* /*worker_state*/, void* thread_state, alicorn_token token) {
  static_cast<Thread*>(thread_state)->interrupt(token);
  return ALICORN_OK;
}

/// The main thread's state ends with the interpreter.
void thread_exit(void* /*worker_state*/, void* /*thread_state*/) {
  const Thread& thread = Thread::current();
  if (thread.kind() == Thread::Kind::kMain) return;
  PyEval_RestoreThread(thread.state());
  PyThreadState_Clear(thread.state());
  PyThreadState_DeleteCurrent();
}

void worker_exit(void* /*worker_state*/) {
  PyEval_RestoreThread(bridge().main_thread);
  bridge().application.clear();
  Thread::clear_interrupts();
  Interpreter::end(*bridge().host);
}

}  // namespace
}  // namespace alicorn::python

ALICORN_APP(ALICORN_APP_THREAD_SAFE | ALICORN_APP_PRELOAD_SAFE, .name = ALICORN_LITERAL("python"),
            .version = ALICORN_LITERAL(PY_VERSION), .preload = alicorn::python::preload,
            .worker_init = alicorn::python::worker_init,
            .thread_init = alicorn::python::thread_init, .on_request = alicorn::python::on_request,
            .thread_exit = alicorn::python::thread_exit,
            .worker_exit = alicorn::python::worker_exit, .trace = alicorn::python::trace,
            .interrupt = alicorn::python::interrupt);
