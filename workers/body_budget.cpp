#include "workers/body_budget.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"

#include <string>

namespace alicorn {
namespace {

constexpr std::uint64_t kComplaintInterval =
    10'000'000;  // µs between two lines about the same trouble

}  // namespace

bool BodyBudget::may_grow(Share& share) {
  remove(share);
  if (limit_ == 0 || share.size_ < kSmallBody || total_ < limit_) return true;
  // All that is there may be halves of bodies, which end only if they grow.
  if (exempt_ == nullptr) exempt_ = &share;
  if (exempt_ == &share) return true;
  enqueue(share);
  return false;
}

void BodyBudget::set_size(Share& share, std::uint64_t size) {
  total_ += size - share.size_;
  share.size_ = size;
}

void BodyBudget::release(Share& share) {
  remove(share);
  set_size(share, 0);
  if (exempt_ == &share) exempt_ = nullptr;
  if (first_ == nullptr || is_told_) return;
  is_told_ = true;
  executor_->deliver(*this);
}

void BodyBudget::on_delivered() noexcept {
  is_told_ = false;
  for (std::size_t turns = waiting_; turns > 0 && first_ != nullptr; --turns) {
    if (total_ >= limit_ && exempt_ != nullptr) return;
    Share& share = *first_;
    remove(share);
    share.on_room();
  }
}

void BodyBudget::enqueue(Share& share) {
  share.waits_ = true;
  share.previous_ = last_;
  share.next_ = nullptr;
  (last_ != nullptr ? last_->next_ : first_) = &share;
  last_ = &share;
  ++waiting_;
  complain();
}

void BodyBudget::remove(Share& share) {
  if (!share.waits_) return;
  share.waits_ = false;
  (share.previous_ != nullptr ? share.previous_->next_ : first_) = share.next_;
  (share.next_ != nullptr ? share.next_->previous_ : last_) = share.previous_;
  --waiting_;
}

/// Now and then: an operator wants to know why uploads are slow.
void BodyBudget::complain() {
  const std::uint64_t now_us = to_us(now());
  if (complained_us_ != 0 && now_us < complained_us_ + kComplaintInterval) return;
  complained_us_ = now_us;
  log::warning("limit_body_memory: clients are held back until other bodies are done",
               {{"bytes", std::to_string(total_)}, {"waiting", std::to_string(waiting_)}});
}

}  // namespace alicorn
