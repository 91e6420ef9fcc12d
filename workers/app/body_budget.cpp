#include "workers/app/body_budget.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace alicorn {
namespace {

/// The time over which a rate is judged where body_timeout is off; otherwise it is half of
/// body_timeout.
constexpr std::uint64_t kWatchTime = 15'000'000;
/// A client with data waiting to be sent brings twice as much as this in its turn.
constexpr std::uint64_t kFullTurn = 8 * 1024;

}  // namespace

bool BodyBudget::may_grow(Share& share) {
  const bool is_free = limit_ == 0 || share.size_ < kSmallBody || exempt_ == &share;
  // Memory that has just been released belongs to the waiting bodies, even before they are
  // notified.
  const bool is_next = first_ == nullptr || share.is_called_;
  if (!is_free && (!is_next || !has_place())) {
    share.is_called_ = false;
    if (!share.waits_) enqueue(share);
    if (has_place()) call_waiting();
    return false;
  }
  // All of the memory may be held by incomplete bodies, which can only end if they grow.
  if (!is_free && total_ >= limit_) exempt_ = &share;
  share.is_called_ = false;
  remove(share);
  return true;
}

/// True: there is room, or nobody has the right to go beyond the limit yet.
bool BodyBudget::has_place() const {
  return total_ < limit_ || exempt_ == nullptr;
}

std::uint64_t BodyBudget::wait_end_us(const Share& share) const {
  return patience_.count() == 0 ? 0 : share.wait_begin_us_ + to_us(patience_);
}

bool BodyBudget::is_too_slow(Share& share, std::uint64_t now_us) const {
  const bool is_in_the_way = first_ != nullptr && !share.waits_ && share.size_ >= kSmallBody;
  // Half, so that a waiting body sees the slow ones cut before its own time is over.
  const std::uint64_t window = patience_.count() == 0 ? kWatchTime : to_us(patience_) / 2;
  return share.rate_.look({kContendedRate, window}, is_in_the_way, share.size_, now_us);
}

std::uint64_t BodyBudget::room() const {
  if (limit_ == 0) return std::numeric_limits<std::uint64_t>::max();
  return limit_ > total_ ? limit_ - total_ : 0;
}

void BodyBudget::set_size(Share& share, std::uint64_t size) {
  total_ += size - share.size_;
  share.size_ = size;
}

void BodyBudget::release(Share& share) {
  remove(share);
  set_size(share, 0);
  share.wait_begin_us_ = 0;
  share.rate_.restart();
  if (exempt_ == &share) exempt_ = nullptr;
  share.is_called_ = false;
  call_waiting();
}

void BodyBudget::call_waiting() {
  if (first_ == nullptr || is_told_) return;
  is_told_ = true;
  executor_->deliver(*this);
}

void BodyBudget::on_delivered() noexcept {
  is_told_ = false;
  for (std::size_t turns = waiting_; turns > 0 && first_ != nullptr; --turns) {
    if (!has_place()) return;
    Share& share = *first_;
    remove(share);
    share.is_called_ = true;
    share.on_room();
  }
}

void BodyBudget::enqueue(Share& share) {
  share.waits_ = true;
  const std::uint64_t now_us = to_us(now());
  if (share.wait_begin_us_ == 0 || share.size_ - share.wait_begin_size_ >= kFullTurn) {
    share.wait_begin_us_ = now_us;
    share.wait_begin_size_ = share.size_;
  }
  share.previous_ = last_;
  share.next_ = nullptr;
  (last_ != nullptr ? last_->next_ : first_) = &share;
  last_ = &share;
  ++waiting_;
  complain(now_us);
}

void BodyBudget::remove(Share& share) {
  if (!share.waits_) return;
  share.waits_ = false;
  (share.previous_ != nullptr ? share.previous_->next_ : first_) = share.next_;
  (share.next_ != nullptr ? share.next_->previous_ : last_) = share.previous_;
  --waiting_;
}

/// Logged now and then: an operator wants to know why uploads are slow.
void BodyBudget::complain(std::uint64_t now_us) {
  if (!complaint_.is_due(now_us)) return;
  log::warning("limit_body_memory: clients are held back until other bodies are done",
               {{"bytes", std::to_string(total_)}, {"waiting", std::to_string(waiting_)}});
}

}  // namespace alicorn
