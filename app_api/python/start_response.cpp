#include "app_api/python/answer.hpp"

#include <structmember.h>

namespace alicorn::python {
namespace {

struct StartResponse {
  PyObject_HEAD  // NOLINT
      vectorcallfunc call;
  Answer* answer;  ///< null: the request is over
};

StartResponse& start_response_of(PyObject* self) {
  return *reinterpret_cast<StartResponse*>(self);
}

Answer* answer_of(PyObject* self) {
  Answer* const answer = start_response_of(self).answer;
  if (answer == nullptr) PyErr_SetString(PyExc_ValueError, "the request is over");
  return answer;
}

PyObject* write(PyObject* self, PyObject* bytes) {
  Answer* const answer = answer_of(self);
  if (answer == nullptr || !answer->write(bytes)) return nullptr;
  return Py_NewRef(Py_None);
}

PyMethodDef write_method = {"write", write, METH_O, "write(data): sends a piece of the body"};

/// start_response(status, headers, exc_info=None). PEP 3333 calls it by position; the names are
/// those that its examples use.
PyObject* call(PyObject* self, PyObject* const* arguments, std::size_t flagged_count,
               PyObject* keywords) {
  const Py_ssize_t count = PyVectorcall_NARGS(flagged_count);
  PyObject* failure = count == 3 ? arguments[2] : Py_None;
  const Py_ssize_t named = keywords != nullptr ? PyTuple_GET_SIZE(keywords) : 0;
  const bool names_failure =
      named == 1 && count == 2 &&
      PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, 0), "exc_info") == 0;
  if (names_failure) failure = arguments[2];
  if (count < 2 || count > 3 || (named > 0 && !names_failure)) {
    PyErr_SetString(PyExc_TypeError, "call it as start_response(status, headers, exc_info=None)");
    return nullptr;
  }
  Answer* const answer = answer_of(self);
  if (answer == nullptr || !answer->start(arguments[0], arguments[1], failure)) return nullptr;
  return PyCFunction_New(&write_method, self);
}

void deallocate(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(StartResponse, call), READONLY, nullptr}, {}};
PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(deallocate)},
                       {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                       {Py_tp_members, members},
                       {}};
PyType_Spec spec = {
    .name = "alicorn.StartResponse",
    .basicsize = sizeof(StartResponse),
    .itemsize = 0,
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots};

}  // namespace

Ref make_start_response_type() {
  return Ref(PyType_FromSpec(&spec));
}

Ref make_start_response(PyObject* type, Answer& answer) {
  auto* const allocate = reinterpret_cast<PyTypeObject*>(type)->tp_alloc;
  Ref self(allocate(reinterpret_cast<PyTypeObject*>(type), 0));
  if (!self) return self;
  start_response_of(self.get()).call = call;
  start_response_of(self.get()).answer = &answer;
  return self;
}

void end_start_response(PyObject* start_response) {
  start_response_of(start_response).answer = nullptr;
}

}  // namespace alicorn::python
