#include "workers/loop/deliveries.hpp"

#include <cstdint>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace alicorn {

Result<void> Deliveries::open() {
  auto fd = adopt(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
  if (!fd) return tl::unexpected(fd.error());
  fd_ = std::move(*fd);
  return {};
}

void Deliveries::send(Delivery& delivery) {
  delivery.next_delivery_ = nullptr;
  const Lock lock(mutex_);
  if (first_ != nullptr) {
    last_->next_delivery_ = &delivery;
    last_ = &delivery;
    return;
  }
  first_ = last_ = &delivery;
  const std::uint64_t one = 1;
  // Cannot fail: a drained eventfd's counter never gets near its limit.
  [[maybe_unused]] const ssize_t written = ::write(fd_.get(), &one, sizeof one);
}

void Deliveries::drain() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(fd_.get(), &count, sizeof count);
  Delivery* delivery = nullptr;
  {
    const Lock lock(mutex_);
    delivery = std::exchange(first_, nullptr);
  }
  while (delivery != nullptr) {
    Delivery* next = delivery->next_delivery_;
    delivery->on_delivered();
    delivery = next;
  }
}

}  // namespace alicorn
