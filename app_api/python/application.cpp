#include "app_api/python/application.hpp"

#include "app_api/python/answer.hpp"
#include "app_api/python/error_stream.hpp"
#include "app_api/python/file_wrapper.hpp"
#include "app_api/python/input.hpp"
#include "app_api/python/memory_lent.hpp"
#include "app_api/python/thread.hpp"

#include <string>

namespace alicorn::python {
namespace {

/// Calls result.close(), if there is one, also while an exception is set. PEP 3333: always, however
/// the request has ended.
bool close(PyObject* result, const LogTarget& log) {
  if (PyList_CheckExact(result) || PyTuple_CheckExact(result)) return true;
  const Raised raised = Raised::take();
  const Ref method(PyObject_GetAttrString(result, "close"));
  if (!method) PyErr_Clear();
  const bool is_closed = !method || Ref(PyObject_CallNoArgs(method.get()));
  if (!raised) return is_closed;
  if (!is_closed) log_exception(log, "the close() of a response failed as well");
  raised.raise();
  return true;
}

/// Cuts an object from the request when that is over, whatever happens before: the application may
/// keep it.
template <auto end>
class Cut {
 public:
  explicit Cut(PyObject* object) : object_(object) {}
  ~Cut() {
    if (object_ != nullptr) end(object_);
  }
  Cut(const Cut&) = delete;
  Cut& operator=(const Cut&) = delete;

 private:
  PyObject* const object_;
};

/// The value of an expression such as "application", "settings.app" or "create_app()", in a module.
Ref evaluate(PyObject* module, const std::string& expression) {
  if (expression.ends_with(')')) {
    PyObject* const names = PyModule_GetDict(module);
    return Ref(PyRun_String(expression.c_str(), Py_eval_input, names, names));
  }
  Ref value = Ref::share(module);
  std::string_view rest = expression;
  while (value && !rest.empty()) {
    const std::string name(rest.substr(0, rest.find('.')));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    value = Ref(PyObject_GetAttrString(value.get(), name.c_str()));
  }
  return value;
}

}  // namespace

bool Application::make_types() {
  input_type_ = make_input_type();
  error_stream_type_ = make_error_stream_type();
  start_response_type_ = make_start_response_type();
  file_wrapper_type_ = make_file_wrapper_type();
  return input_type_ && error_stream_type_ && start_response_type_ && file_wrapper_type_;
}

bool Application::find(std::string_view name) {
  const std::size_t colon = std::min(name.find(':'), name.size());
  const std::string module_name(name.substr(0, colon));
  const std::string expression(colon < name.size() ? name.substr(colon + 1) : "application");
  const Ref module(PyImport_ImportModule(module_name.c_str()));
  application_ = module ? evaluate(module.get(), expression) : Ref();
  if (!application_) return false;
  if (PyCallable_Check(application_.get()) != 0) return true;
  PyErr_Format(PyExc_TypeError, "%s in module %s is not callable, but %.100s", expression.c_str(),
               module_name.c_str(), Py_TYPE(application_.get())->tp_name);
  return false;
}

bool Application::load(const alicorn_host& host, std::string_view name) {
  host_ = &host;
  const bool is_loaded = make_types() && find(name);
  if (!is_loaded) {
    log_exception({&host}, "cannot load the Python application " + std::string(name));
  }
  return is_loaded;
}

bool Application::begin(const alicorn_host& host, bool is_multithreaded) {
  const bool is_ready = environ_.prepare({.server_version = host.server_version,
                                          .is_multithreaded = is_multithreaded,
                                          .file_wrapper = file_wrapper_type_.get()});
  if (!is_ready) log_exception({&host}, "cannot prepare the environ");
  return is_ready;
}

bool Application::call(alicorn_request& request, Answer& answer, PyObject* input, PyObject* errors,
                       const LogTarget& log) {
  const Ref environ = environ_.build(request, input, errors);
  const Ref start_response =
      environ ? make_start_response(start_response_type_.get(), answer) : Ref();
  if (!start_response) return false;
  const Cut<end_start_response> cut(start_response.get());
  PyObject* const arguments[] = {environ.get(), start_response.get()};
  const Ref result(PyObject_Vectorcall(application_.get(), arguments, 2, nullptr));
  bool is_sent = result && answer.send(result.get(), file_wrapper_type_.get());
  if (result) is_sent = close(result.get(), log) && is_sent;
  return is_sent && PyErr_Occurred() == nullptr;
}

std::int32_t Application::serve(alicorn_request& request) {
  end_what_came_back();
  // Not the request's host, which may be a passing one (warm_up.cpp): the application may keep its
  // wsgi.errors.
  const LogTarget target{host_, request.token};
  const Ref input = make_input(input_type_.get(), view(request.body));
  const Ref errors = input ? make_error_stream(error_stream_type_.get(), target) : Ref();
  const Cut<end_input> cut_input(input.get());
  const Cut<end_error_stream> cut_errors(errors.get());
  Answer answer(request);
  const bool is_served = errors && call(request, answer, input.get(), errors.get(), target);
  end_soon_what_is_lent(request);
  if (is_served) return ALICORN_OK;
  const Raised raised = Raised::take();
  if (answer.has_raised(raised) || Thread::is_interruption(raised)) return ALICORN_ERROR_GONE;
  log_exception(target, "the application failed", raised);
  return ALICORN_ERROR;
}

void Application::clear() {
  end_what_came_back();
  environ_.clear();
  for (Ref* const object : {&application_, &input_type_, &error_stream_type_, &start_response_type_,
                            &file_wrapper_type_}) {
    *object = Ref();
  }
}

}  // namespace alicorn::python
