// CPython's API, and references to its objects that end by themselves. Python bridge.
//
// Functions of this folder that may fail return false or an empty Ref and leave a Python exception
// set, as CPython's own do. Whatever touches an object needs the GIL.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <string_view>
#include <utility>

#include <Python.h>
#include <alicorn/app.h>

namespace alicorn::python {

/// A reference of its own to an object, or to none.
class Ref {
 public:
  Ref() = default;
  /// Takes over a reference that the caller has.
  explicit Ref(PyObject* owned) : object_(owned) {}
  static Ref share(PyObject* borrowed) { return Ref(Py_XNewRef(borrowed)); }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref&& other) noexcept {
    PyObject* const old = std::exchange(object_, std::exchange(other.object_, nullptr));
    Py_XDECREF(old);
    return *this;
  }
  Ref(const Ref&) = delete;
  Ref& operator=(const Ref&) = delete;
  ~Ref() { Py_XDECREF(object_); }

  PyObject* get() const { return object_; }
  PyObject* release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  PyObject* object_ = nullptr;
};

/// The exception that was set, put aside; perhaps none.
class Raised {
 public:
  /// Clears it.
  static Raised take() {
#if PY_VERSION_HEX >= 0x030C0000
    return Raised(PyErr_GetRaisedException());
#else
    PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    if (type == nullptr) return Raised(nullptr);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != nullptr) PyException_SetTraceback(value, traceback);
    Py_XDECREF(traceback);
    Py_DECREF(type);
    return Raised(value);
#endif
  }
  PyObject* value() const {
    return value_.get();
  }
  explicit operator bool() const {
    return static_cast<bool>(value_);
  }
  /// Sets it again.
  void raise() const {
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(value_.get())), value_.get());
  }

 private:
  explicit Raised(PyObject* value) : value_(value) {}
  Ref value_;
};

/// Leaves the GIL to other threads while this one waits for the host.
class GilPause {
 public:
  GilPause() : thread_(PyEval_SaveThread()) {}
  ~GilPause() { PyEval_RestoreThread(thread_); }
  GilPause(const GilPause&) = delete;
  GilPause& operator=(const GilPause&) = delete;

 private:
  PyThreadState* const thread_;
};

inline std::string_view view(alicorn_string text) {
  return {text.data, text.size};
}
inline alicorn_string text_of(std::string_view text) {
  return {text.data(), text.size()};
}

/// A native string of PEP 3333: each character is a byte.
inline Ref native(std::string_view bytes) {
  return Ref(PyUnicode_DecodeLatin1(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), nullptr));
}
/// The bytes of a native string, without a copy. False: it is none, so it has characters that are
/// not bytes.
inline bool bytes_of_native(PyObject* text, std::string_view& bytes) {
#if PY_VERSION_HEX < 0x030C0000
  if (PyUnicode_Check(text) && PyUnicode_READY(text) != 0) PyErr_Clear();
#endif
  if (!PyUnicode_Check(text) || PyUnicode_KIND(text) != PyUnicode_1BYTE_KIND) return false;
  bytes = {reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(text)),
           static_cast<std::size_t>(PyUnicode_GET_LENGTH(text))};
  return true;
}
inline std::string_view bytes_of(PyObject* bytes) {
  return {PyBytes_AS_STRING(bytes), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes))};
}

}  // namespace alicorn::python
