#include "app_api/python/log.hpp"

#include <algorithm>
#include <string>

namespace alicorn::python {
namespace {

/// What `traceback.format_exception` makes of it; empty, with an exception set, if that fails.
Ref format(PyObject* value) {
  const Ref module(PyImport_ImportModule("traceback"));
  const Ref lines(module ? PyObject_CallMethod(module.get(), "format_exception", "O", value)
                         : nullptr);
  if (!lines) return {};
  const Ref nothing(PyUnicode_FromStringAndSize("", 0));
  return nothing ? Ref(PyUnicode_Join(nothing.get(), lines.get())) : Ref();
}

}  // namespace

void log_text(const LogTarget& target, int level, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) log_line(target, level, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void log_exception(const LogTarget& target, std::string_view occasion) {
  log_exception(target, occasion, Raised::take());
}

void log_exception(const LogTarget& target, std::string_view occasion, const Raised& raised) {
  log_line(target, ALICORN_LOG_ERROR, occasion);
  if (!raised) return;
  Ref text = format(raised.value());
  if (!text) {
    PyErr_Clear();
    text = Ref(PyObject_Str(reinterpret_cast<PyObject*>(Py_TYPE(raised.value()))));
  }
  // A name may hold a lone surrogate, which no UTF-8 has.
  const Ref bytes(text ? PyUnicode_AsEncodedString(text.get(), "utf-8", "backslashreplace")
                       : nullptr);
  if (bytes) log_text(target, ALICORN_LOG_ERROR, bytes_of(bytes.get()));
  PyErr_Clear();
}

}  // namespace alicorn::python
