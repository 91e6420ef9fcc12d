#include "app_api/python/interpreter.hpp"

#include "app_api/python/log.hpp"

#include <dlfcn.h>

namespace alicorn::python {
namespace {

/// Extension modules do not name libpython among their libraries, and the loader has opened it for
/// this bridge only.
void show_library_to_extensions() {
  Dl_info library{};
  if (::dladdr(reinterpret_cast<void*>(&Py_IsInitialized), &library) == 0) return;
  ::dlopen(library.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
}

PyStatus configure(PyConfig& config, const InterpreterSettings& settings) {
  PyConfig_InitPythonConfig(&config);
  config.install_signal_handlers = 0;  // they are the server's
  config.parse_argv = 0;
  // From this name Python finds its own modules, and those of a virtual environment.
  const std::string program = settings.virtual_environment.empty()
                                  ? ALICORN_PYTHON_PROGRAM
                                  : settings.virtual_environment + "/bin/python";
  PyStatus status = PyConfig_SetBytesString(&config, &config.program_name, program.c_str());
  if (PyStatus_Exception(status) == 0) {
    status = PyConfig_SetBytesString(&config, &config.executable, program.c_str());
  }
  char name[] = "alicorn";
  char* arguments[] = {name};
  if (PyStatus_Exception(status) == 0) status = PyConfig_SetBytesArgv(&config, 1, arguments);
  return status;
}

bool add_folders(const std::vector<std::string>& folders) {
  PyObject* const path = PySys_GetObject("path");
  if (path == nullptr || !PyList_Check(path)) return true;
  Py_ssize_t place = 0;
  for (const std::string& folder : folders) {
    const Ref text(
        PyUnicode_DecodeFSDefaultAndSize(folder.data(), static_cast<Py_ssize_t>(folder.size())));
    if (!text || PyList_Insert(path, place++, text.get()) != 0) return false;
  }
  const Ref os(PyImport_ImportModule("os"));
  const Ref here(os ? PyObject_CallMethod(os.get(), "getcwd", nullptr) : nullptr);
  return here && PyList_Insert(path, place, here.get()) == 0;
}

}  // namespace

namespace {

/// A virtual environment may be of a Python other than the one that this bridge is linked with.
void warn_of_other_home(const alicorn_host& host) {
  PyObject* const prefix = PySys_GetObject("base_prefix");
  const char* const text = prefix != nullptr ? PyUnicode_AsUTF8(prefix) : nullptr;
  if (text == nullptr) return PyErr_Clear();
  const std::string own = ALICORN_PYTHON_PREFIX;
  if (text == own) return;
  log_line({&host}, ALICORN_LOG_WARNING,
           "the virtual environment is of the Python in " + std::string(text) +
               ", but its code runs on the one in " + own + " (" + PY_VERSION +
               "): make the environment anew with " ALICORN_PYTHON_PROGRAM " -m venv");
}

}  // namespace

bool Interpreter::start(const alicorn_host& host, const InterpreterSettings& settings) {
  show_library_to_extensions();
  PyConfig config;
  PyStatus status = configure(config, settings);
  if (PyStatus_Exception(status) == 0) status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status) != 0) {
    const char* const reason = status.err_msg != nullptr ? status.err_msg : "no reason given";
    log_line({&host}, ALICORN_LOG_ERROR, "Python does not start: " + std::string(reason));
    return false;
  }
  warn_of_other_home(host);
  if (add_folders(settings.folders)) return true;
  log_exception({&host}, "cannot set Python's search path");
  return false;
}

namespace {

/// Those for which Python waits when it ends: "name, name".
Ref threads_that_stay() {
  const Ref names(PyDict_New());
  if (!names) return {};
  static constexpr const char* kExpression =
      "', '.join(t.name for t in __import__('threading').enumerate() "
      "if not t.daemon and t is not __import__('threading').main_thread())";
  return Ref(PyRun_String(kExpression, Py_eval_input, names.get(), names.get()));
}

const alicorn_host* host_to_tell = nullptr;

PyObject* tell_what_stays(PyObject* /*self*/, PyObject* /*nothing*/) {
  const Ref names = threads_that_stay();
  const Ref bytes(names ? PyUnicode_AsEncodedString(names.get(), "utf-8", "backslashreplace")
                        : nullptr);
  if (!bytes) return nullptr;
  if (PyBytes_GET_SIZE(bytes.get()) > 0) {
    log_line({host_to_tell}, ALICORN_LOG_WARNING,
             "the worker cannot end: these threads of the application run, and are no daemons: " +
                 std::string(bytes_of(bytes.get())));
  }
  return Py_NewRef(Py_None);
}

PyMethodDef tell_method = {"tell_what_stays", tell_what_stays, METH_NOARGS, nullptr};

/// Threads of a pool end at once when Python asks them to. Those that have not done so after a
/// while are named.
bool watch_for_threads_that_stay() {
  const Ref names = threads_that_stay();
  if (!names || PyUnicode_GET_LENGTH(names.get()) == 0) return static_cast<bool>(names);
  const Ref tell(PyCFunction_New(&tell_method, nullptr));
  const Ref threading(tell ? PyImport_ImportModule("threading") : nullptr);
  const Ref timer(threading ? PyObject_CallMethod(threading.get(), "Timer", "dO", 1.0, tell.get())
                            : nullptr);
  return timer && PyObject_SetAttrString(timer.get(), "daemon", Py_True) == 0 &&
         Ref(PyObject_CallMethod(timer.get(), "start", nullptr));
}

}  // namespace

void Interpreter::end(const alicorn_host& host) {
  host_to_tell = &host;
  if (!watch_for_threads_that_stay()) PyErr_Clear();
  Py_FinalizeEx();
}

}  // namespace alicorn::python
