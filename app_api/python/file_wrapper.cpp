#include "app_api/python/file_wrapper.hpp"

#include <string_view>
#include <utility>

#include <structmember.h>
#include <sys/stat.h>

namespace alicorn::python {
namespace {

struct Wrapper {
  PyObject_HEAD  // NOLINT
      PyObject* file;
  Py_ssize_t piece_size;
};

Wrapper& wrapper_of(PyObject* self) {
  return *reinterpret_cast<Wrapper*>(self);
}

int initialise(PyObject* self, PyObject* arguments, PyObject* keywords) {
  static const char* const names[] = {"filelike", "blksize", nullptr};
  PyObject* file = nullptr;
  Py_ssize_t piece_size = 8192;
  if (PyArg_ParseTupleAndKeywords(arguments, keywords, "O|n", const_cast<char**>(names), &file,
                                  &piece_size) == 0) {
    return -1;
  }
  Py_XSETREF(wrapper_of(self).file, Py_NewRef(file));
  wrapper_of(self).piece_size = piece_size;
  return 0;
}

PyObject* next_piece(PyObject* self) {
  Wrapper& wrapper = wrapper_of(self);
  if (wrapper.file == nullptr) return nullptr;
  Ref piece(PyObject_CallMethod(wrapper.file, "read", "n", wrapper.piece_size));
  if (!piece) return nullptr;
  const int has_bytes = PyObject_IsTrue(piece.get());
  return has_bytes == 1 ? piece.release() : nullptr;
}

PyObject* close(PyObject* self, PyObject* /*nothing*/) {
  PyObject* const file = wrapper_of(self).file;
  if (file == nullptr || PyObject_HasAttrString(file, "close") == 0) return Py_NewRef(Py_None);
  return PyObject_CallMethod(file, "close", nullptr);
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(wrapper_of(self).file);
  return 0;
}

int clear(PyObject* self) {
  Py_CLEAR(wrapper_of(self).file);
  return 0;
}

void deallocate(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  clear(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyMemberDef members[] = {{"filelike", T_OBJECT, offsetof(Wrapper, file), READONLY, nullptr},
                         {"blksize", T_PYSSIZET, offsetof(Wrapper, piece_size), READONLY, nullptr},
                         {}};
PyMethodDef methods[] = {{"close", close, METH_NOARGS, "close(): closes the file"}, {}};

PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(deallocate)},
                       {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(clear)},
                       {Py_tp_init, reinterpret_cast<void*>(initialise)},
                       {Py_tp_new, reinterpret_cast<void*>(PyType_GenericNew)},
                       {Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
                       {Py_tp_iternext, reinterpret_cast<void*>(next_piece)},
                       {Py_tp_members, members},
                       {Py_tp_methods, methods},
                       {}};
PyType_Spec spec = {.name = "alicorn.FileWrapper",
                    .basicsize = sizeof(Wrapper),
                    .itemsize = 0,
                    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                    .slots = slots};

/// Python's own types of files. Looked up when the application is loaded, because that may run
/// Python code: in a function's static variable, a thread with the GIL could wait for one without.
struct FileTypes {
  PyObject* raw = nullptr;
  PyObject* reader = nullptr;
  PyObject* random = nullptr;
};
FileTypes file_types;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

bool find_file_types() {
  const Ref io(PyImport_ImportModule("io"));
  if (!io) return false;
  for (const auto& [place, name] :
       {std::pair{&file_types.raw, "FileIO"}, std::pair{&file_types.reader, "BufferedReader"},
        std::pair{&file_types.random, "BufferedRandom"}}) {
    *place = PyObject_GetAttrString(io.get(), name);  // never freed: they are Python's own
    if (*place == nullptr) return false;
  }
  return true;
}

Ref attribute(PyObject* object, const char* name) {
  Ref value(PyObject_GetAttrString(object, name));
  if (!value) PyErr_Clear();
  return value;
}

/// Does it read a descriptor as it is? Objects such as gzip.GzipFile have a descriptor, too, but
/// read something else than what is in it.
bool is_plain_file(PyObject* file) {
  auto* const type = reinterpret_cast<PyObject*>(Py_TYPE(file));
  if (type == file_types.raw) return true;
  if (type != file_types.reader && type != file_types.random) return false;
  const Ref raw = attribute(file, "raw");
  return raw && reinterpret_cast<PyObject*>(Py_TYPE(raw.get())) == file_types.raw;
}

/// The object to which this method belongs; empty: it is not one of Python's own in C.
Ref owner_of(PyObject* object, const char* method) {
  const Ref bound = attribute(object, method);
  const bool is_builtin = bound && PyCFunction_Check(bound.get());
  return is_builtin ? Ref::share(PyCFunction_GET_SELF(bound.get())) : Ref();
}

/// The plain file that is read when this object is read; empty: there is none.
Ref plain_file(PyObject* file) {
  if (is_plain_file(file)) return Ref::share(file);
  // A proxy, such as django.core.files.File, gives out the methods of its file.
  Ref owner = owner_of(file, "read");
  if (!owner && std::string_view(Py_TYPE(file)->tp_name) == "_TemporaryFileWrapper") {
    owner = attribute(file, "file");
    return owner && is_plain_file(owner.get()) ? std::move(owner) : Ref();
  }
  const bool is_proxy =
      owner && is_plain_file(owner.get()) && owner_of(file, "fileno").get() == owner.get();
  return is_proxy ? std::move(owner) : Ref();
}

/// -1: it has none, or fails.
std::int64_t number_from(PyObject* file, const char* method) {
  const Ref number(PyObject_CallMethod(file, method, nullptr));
  const std::int64_t value = number ? PyLong_AsLongLong(number.get()) : -1;
  if (PyErr_Occurred() == nullptr) return value;
  PyErr_Clear();
  return -1;
}

}  // namespace

Ref make_file_wrapper_type() {
  if (!find_file_types()) return {};
  return Ref(PyType_FromSpec(&spec));
}

std::optional<WrappedFile> wrapped_file(PyObject* wrapper) {
  PyObject* const wrapped = wrapper_of(wrapper).file;
  const Ref file = wrapped != nullptr ? plain_file(wrapped) : Ref();
  if (!file) return std::nullopt;
  const std::int64_t fd = number_from(file.get(), "fileno");
  const std::int64_t position = fd >= 0 ? number_from(file.get(), "tell") : -1;
  struct stat status {};
  const bool is_regular =
      position >= 0 && ::fstat(static_cast<int>(fd), &status) == 0 && S_ISREG(status.st_mode);
  if (!is_regular || position > status.st_size) return std::nullopt;
  return WrappedFile{static_cast<int>(fd), position};
}

}  // namespace alicorn::python
