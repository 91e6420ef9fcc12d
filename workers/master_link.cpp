#include "workers/master_link.hpp"

#include "base/log.hpp"

#include <cstdint>

#include <unistd.h>

namespace alicorn {

void MasterLink::say_ready() const {
  slot_.state.store(WorkerState::kReady, std::memory_order_release);
  wake();
}

void MasterLink::ask_for_recycling(std::string_view reason, RecyclingWish wish) const {
  if (reason.empty()) return;
  RecyclingWish before = slot_.recycling_wish.load(std::memory_order_relaxed);
  do {
    if (before >= wish) return;
  } while (!slot_.recycling_wish.compare_exchange_weak(before, wish));
  if (wish == RecyclingWish::kNearNumber) {
    log::debug("will have to be replaced soon", {{"reason", reason}});
  } else {
    log::info("asks to be replaced", {{"reason", reason}});
  }
  wake();
}

void MasterLink::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof one);
}

}  // namespace alicorn
