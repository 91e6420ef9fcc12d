#include "app_api/python/collector.hpp"

#include <climits>

namespace alicorn::python {
namespace {

/// For the youngest generation: so many objects there never are. 0 would do, but an application may
/// set that to switch the collector off.
constexpr int kNever = INT_MAX;

/// None, if it fails: it only costs memory.
Ref call_gc(const char* function, PyObject* arguments = nullptr) {
  const Ref module(PyImport_ImportModule("gc"));
  const Ref callee(module ? PyObject_GetAttrString(module.get(), function) : nullptr);
  Ref result(callee ? PyObject_CallObject(callee.get(), arguments) : nullptr);
  if (!result) PyErr_Clear();
  return result;
}

}  // namespace

void Collector::pause() {
  thresholds_ = call_gc("get_threshold");
  const Ref never(Py_BuildValue("(i)", kNever));
  call_gc("set_threshold", never.get());
}

void Collector::keep_what_is_there() {
  // Without a collection before it, which would leave holes all over the memory. What workers put
  // there would be on pages of their own: 2.5 MB in each worker of examples/django.
  call_gc("freeze");
}

void Collector::resume() {
  const Ref now = call_gc("get_threshold");
  const bool is_paused = now && PyTuple_Check(now.get()) && PyTuple_GET_SIZE(now.get()) > 0 &&
                         PyLong_AsLong(PyTuple_GET_ITEM(now.get(), 0)) == kNever;
  if (is_paused && thresholds_) call_gc("set_threshold", thresholds_.get());
  thresholds_ = Ref();
}

}  // namespace alicorn::python
