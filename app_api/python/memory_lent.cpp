#include "app_api/python/memory_lent.hpp"

#include <atomic>
#include <new>

namespace alicorn::python {
namespace {

/// Below this a copy costs less than the atomic operations and the two small allocations.
constexpr Py_ssize_t kLentMin = 16'384;

struct Loan {
  PyObject* object;
  Loan* next;
};
std::atomic<Loan*> came_back{nullptr};

void give_back(void* context) {
  auto* const loan = static_cast<Loan*>(context);
  loan->next = came_back.load(std::memory_order_relaxed);
  while (!came_back.compare_exchange_weak(loan->next, loan, std::memory_order_release,
                                          std::memory_order_relaxed)) {
  }
}

}  // namespace

alicorn_buffer lend(PyObject* bytes) {
  alicorn_buffer buffer = {PyBytes_AS_STRING(bytes),
                           static_cast<std::size_t>(PyBytes_GET_SIZE(bytes)), nullptr, nullptr};
  if (PyBytes_GET_SIZE(bytes) < kLentMin) return buffer;
  auto* const loan = new (std::nothrow) Loan{bytes, nullptr};
  if (loan == nullptr) return buffer;
  Py_INCREF(bytes);
  buffer.release = give_back;
  buffer.context = loan;
  return buffer;
}

void end_what_came_back() {
  if (came_back.load(std::memory_order_relaxed) == nullptr) return;
  Loan* loan = came_back.exchange(nullptr, std::memory_order_acquire);
  while (loan != nullptr) {
    Loan* const next = loan->next;
    Py_DECREF(loan->object);
    delete loan;
    loan = next;
  }
}

}  // namespace alicorn::python
