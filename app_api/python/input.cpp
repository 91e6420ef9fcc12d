#include "app_api/python/input.hpp"

#include <algorithm>
#include <new>

namespace alicorn::python {
namespace {

struct Input {
  PyObject_HEAD  // NOLINT
      std::string_view rest;
  bool is_over;
};

Input& input_of(PyObject* self) {
  return *reinterpret_cast<Input*>(self);
}

bool is_readable(PyObject* self) {
  if (!input_of(self).is_over) return true;
  PyErr_SetString(PyExc_ValueError, "the request whose body this was is over");
  return false;
}

/// The most that a call may return: none, None or a negative number mean all.
bool limit_of(PyObject* const* arguments, Py_ssize_t count, std::size_t& limit) {
  limit = std::string_view::npos;
  if (count > 1) {
    PyErr_SetString(PyExc_TypeError, "takes at most one argument, a number of bytes");
    return false;
  }
  if (count == 0 || arguments[0] == Py_None) return true;
  const Py_ssize_t number = PyNumber_AsSsize_t(arguments[0], PyExc_OverflowError);
  if (number == -1 && PyErr_Occurred() != nullptr) return false;
  if (number >= 0) limit = static_cast<std::size_t>(number);
  return true;
}

Ref take(Input& input, std::size_t size) {
  size = std::min(size, input.rest.size());
  Ref bytes(PyBytes_FromStringAndSize(input.rest.data(), static_cast<Py_ssize_t>(size)));
  if (bytes) input.rest.remove_prefix(size);
  return bytes;
}

Ref take_line(Input& input, std::size_t limit) {
  const std::string_view within = input.rest.substr(0, limit);
  const std::size_t end = within.find('\n');
  return take(input, end == std::string_view::npos ? within.size() : end + 1);
}

PyObject* read(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  std::size_t limit = 0;
  if (!is_readable(self) || !limit_of(arguments, count, limit)) return nullptr;
  return take(input_of(self), limit).release();
}

PyObject* readline(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  std::size_t limit = 0;
  if (!is_readable(self) || !limit_of(arguments, count, limit)) return nullptr;
  return take_line(input_of(self), limit).release();
}

/// The limit is a hint, as in io.IOBase: no line begins behind it. 0 means none, too.
PyObject* readlines(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  std::size_t hint = 0;
  if (!is_readable(self) || !limit_of(arguments, count, hint)) return nullptr;
  if (hint == 0) hint = std::string_view::npos;
  Ref lines(PyList_New(0));
  std::size_t size = 0;
  while (lines && size < hint && !input_of(self).rest.empty()) {
    const Ref line = take_line(input_of(self), std::string_view::npos);
    if (!line || PyList_Append(lines.get(), line.get()) != 0) return nullptr;
    size += bytes_of(line.get()).size();
  }
  return lines.release();
}

PyObject* next_line(PyObject* self) {
  if (!is_readable(self) || input_of(self).rest.empty()) return nullptr;
  return take_line(input_of(self), std::string_view::npos).release();
}

void deallocate(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyMethodDef methods[] = {
    {"read", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(read)), METH_FASTCALL,
     "read([size]): at most so many bytes of what is left of the body"},
    {"readline", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(readline)),
     METH_FASTCALL, "readline([size]): the next line, or at most so many bytes of it"},
    {"readlines", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(readlines)),
     METH_FASTCALL, "readlines([hint]): the lines that are left; none begins behind the hint"},
    {}};

PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(deallocate)},
                       {Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
                       {Py_tp_iternext, reinterpret_cast<void*>(next_line)},
                       {Py_tp_methods, methods},
                       {}};
PyType_Spec spec = {.name = "alicorn.Input",
                    .basicsize = sizeof(Input),
                    .itemsize = 0,
                    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                    .slots = slots};

}  // namespace

Ref make_input_type() {
  return Ref(PyType_FromSpec(&spec));
}

Ref make_input(PyObject* type, std::string_view body) {
  auto* const allocate = reinterpret_cast<PyTypeObject*>(type)->tp_alloc;
  Ref self(allocate(reinterpret_cast<PyTypeObject*>(type), 0));
  if (!self) return self;
  new (&input_of(self.get()).rest) std::string_view(body);
  input_of(self.get()).is_over = false;
  return self;
}

void end_input(PyObject* input) {
  input_of(input).rest = {};
  input_of(input).is_over = true;
}

}  // namespace alicorn::python
