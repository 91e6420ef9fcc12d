#include "workers/app/call_table.hpp"

#include "base/invariant.hpp"

namespace alicorn {

CallTable::CallTable(CallEnvironment& environment, std::uint32_t capacity)
    : environment_(environment),
      capacity_(capacity),
      published_(std::make_unique<std::atomic<AppCall*>[]>(capacity)) {
  owned_.reserve(capacity);
  used_.reserve(capacity);
  free_.reserve(capacity);
  environment.pool = this;
}

AppCall* CallTable::take() {
  if (free_.empty()) {
    if (made_ == capacity_) return nullptr;
    owned_.push_back(std::make_unique<AppCall>(environment_, made_, slots_[made_]));
    used_.push_back(0);
    slots_[made_].was_used.store(1, std::memory_order_relaxed);
    published_[made_].store(owned_.back().get(), std::memory_order_release);
    free_.push_back(owned_.back().get());
    ++made_;
  }
  AppCall* call = free_.back();
  free_.pop_back();
  used_[call->index()] = 1;
  ++in_use_;
  return call;
}

void CallTable::give_back(AppCall& call) {
  ensure(used_[call.index()] != 0, "I6: a call that is in use is given back once");
  used_[call.index()] = 0;
  --in_use_;
  ++given_back_;
  free_.push_back(&call);
}

void CallTable::release_memory() {
  for (AppCall* call : free_) call->release_memory();
}

AppCall* CallTable::find(alicorn_token token) const {
  const std::uint64_t number = environment_.tokens.number(token);
  if (number == 0 || number > capacity_) return nullptr;
  return published_[number - 1].load(std::memory_order_acquire);
}

const AppCall* CallTable::call_on(pid_t thread) const noexcept {
  for (std::uint32_t i = 0; i < capacity_; ++i) {
    const AppCall* const call = published_[i].load(std::memory_order_acquire);
    if (call == nullptr) return nullptr;  // calls are made in order
    if (call->slot().busy.load(std::memory_order_acquire) == 0) continue;
    if (call->slot().thread.load(std::memory_order_relaxed) == static_cast<std::uint32_t>(thread)) {
      return call;
    }
  }
  return nullptr;
}

}  // namespace alicorn
