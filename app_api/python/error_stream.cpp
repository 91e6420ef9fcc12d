#include "app_api/python/error_stream.hpp"

#include <new>
#include <string>

namespace alicorn::python {
namespace {

/// A line that does not end in so many bytes is logged in pieces.
constexpr std::size_t kLineMax = 65'536;

struct Stream {
  PyObject_HEAD  // NOLINT
      LogTarget target;
  std::string line;  ///< not ended yet
};

Stream& stream_of(PyObject* self) {
  return *reinterpret_cast<Stream*>(self);
}

void log_rest(Stream& stream) {
  log_text(stream.target, ALICORN_LOG_ERROR, stream.line);
  stream.line.clear();
}

bool append(Stream& stream, PyObject* text) {
  if (!PyUnicode_Check(text)) {
    PyErr_Format(PyExc_TypeError, "wsgi.errors takes a str, not %.100s", Py_TYPE(text)->tp_name);
    return false;
  }
  const Ref bytes(PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace"));
  if (!bytes) return false;
  try {
    stream.line.append(bytes_of(bytes.get()));
    const std::size_t end = stream.line.rfind('\n');
    if (end == std::string::npos && stream.line.size() <= kLineMax) return true;
    if (end == std::string::npos) {
      log_rest(stream);
      return true;
    }
    log_text(stream.target, ALICORN_LOG_ERROR, std::string_view(stream.line).substr(0, end));
    stream.line.erase(0, end + 1);
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return false;
  }
  return true;
}

PyObject* write(PyObject* self, PyObject* text) {
  if (!append(stream_of(self), text)) return nullptr;
  return PyLong_FromSsize_t(PyUnicode_GET_LENGTH(text));
}

PyObject* writelines(PyObject* self, PyObject* lines) {
  const Ref iterator(PyObject_GetIter(lines));
  if (!iterator) return nullptr;
  while (const Ref line = Ref(PyIter_Next(iterator.get()))) {
    if (!append(stream_of(self), line.get())) return nullptr;
  }
  return PyErr_Occurred() != nullptr ? nullptr : Py_NewRef(Py_None);
}

PyObject* flush(PyObject* self, PyObject* /*nothing*/) {
  log_rest(stream_of(self));
  return Py_NewRef(Py_None);
}

PyObject* is_terminal(PyObject* /*self*/, PyObject* /*nothing*/) {
  return Py_NewRef(Py_False);
}

PyObject* encoding(PyObject* /*self*/, void* /*nothing*/) {
  return PyUnicode_FromString("utf-8");
}

void deallocate(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  log_rest(stream_of(self));
  stream_of(self).line.~basic_string();
  type->tp_free(self);
  Py_DECREF(type);
}

PyMethodDef methods[] = {{"write", write, METH_O, "write(text): whole lines go to the log"},
                         {"writelines", writelines, METH_O, "writelines(texts)"},
                         {"isatty", is_terminal, METH_NOARGS, "isatty(): False"},
                         {"flush", flush, METH_NOARGS, "flush(): logs a line that has no end yet"},
                         {}};

PyGetSetDef properties[] = {{"encoding", encoding, nullptr, "utf-8", nullptr}, {}};
PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(deallocate)},
                       {Py_tp_methods, methods},
                       {Py_tp_getset, properties},
                       {}};
PyType_Spec spec = {.name = "alicorn.ErrorStream",
                    .basicsize = sizeof(Stream),
                    .itemsize = 0,
                    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                    .slots = slots};

}  // namespace

Ref make_error_stream_type() {
  return Ref(PyType_FromSpec(&spec));
}

Ref make_error_stream(PyObject* type, const LogTarget& target) {
  auto* const allocate = reinterpret_cast<PyTypeObject*>(type)->tp_alloc;
  Ref self(allocate(reinterpret_cast<PyTypeObject*>(type), 0));
  if (!self) return self;
  new (&stream_of(self.get()).target) LogTarget(target);
  new (&stream_of(self.get()).line) std::string();
  return self;
}

void end_error_stream(PyObject* stream) {
  log_rest(stream_of(stream));
  stream_of(stream).target.token = 0;
}

}  // namespace alicorn::python
