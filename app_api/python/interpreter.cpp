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
  if (add_folders(settings.folders)) return true;
  log_exception({&host}, "cannot set Python's search path");
  return false;
}

namespace {

void call_collector(const char* function) {
  const Ref collector(PyImport_ImportModule("gc"));
  const Ref done(collector ? PyObject_CallMethod(collector.get(), function, nullptr) : nullptr);
  if (!done) PyErr_Clear();  // it only costs memory
}

}  // namespace

void Interpreter::stop_collecting() {
  PyGC_Disable();
}

void Interpreter::keep_what_is_there() {
  PyGC_Collect();
  call_collector("freeze");
}

void Interpreter::collect_again() {
  PyGC_Enable();
}

void Interpreter::end() {
  Py_FinalizeEx();
}

}  // namespace alicorn::python
