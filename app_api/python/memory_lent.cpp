#include "app_api/python/memory_lent.hpp"

#include "app_api/python/thread.hpp"

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
std::size_t lent_count = 0;  ///< that have not ended; with the GIL

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
  ++lent_count;
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
    --lent_count;
    loan = next;
  }
}

void end_soon_what_is_lent(alicorn_request& request) {
  end_what_came_back();
  if (lent_count == 0) return;
  // If there is no memory for this, the next request ends it.
  request.host->after_response(
      &request,
      [](void*) {
        const GilHold hold;
        end_what_came_back();
      },
      nullptr);
}

}  // namespace alicorn::python
