#include "workers/connection/queue_sharing.hpp"

#include "workers/app/call_client.hpp"

#include <algorithm>
#include <utility>

namespace alicorn {
namespace {

/// A worker answers within a turn of its loop. One that does not is gone, or stands still.
constexpr milliseconds kPatience{10};
/// So many of the oldest calls are looked at for one that may move.
constexpr int kLookedAt = 32;

}  // namespace

QueueSharing::QueueSharing(const EventLoop& loop, AppExecutor& executor, HandOver& hand_over,
                           const SharedQueue& shared)
    : loop_(loop), executor_(executor), hand_over_(hand_over), shared_(shared) {
  publish_free_threads();
}

/// The oldest request that could wait elsewhere.
AppCall* QueueSharing::find_movable() const {
  const AppTaskQueue& queue = executor_.queue();
  int looked_at = 0;
  for (AppTask* task = queue.first(); task != nullptr; task = AppTaskQueue::next(*task)) {
    if (++looked_at > kLookedAt) break;
    if (task->waits_since_us() == 0) continue;
    auto& call = static_cast<AppCall&>(*task);  // only requests wait since a certain time
    if (call.client() != nullptr && call.client()->may_leave_with(call)) return &call;
  }
  return nullptr;
}

void QueueSharing::on_calls_wait() {
  hand_over_.end_claimed();
  AppCall* oldest = executor_.saturated() ? find_movable() : nullptr;
  while (oldest != nullptr) {
    const auto destination = choose_destination();
    if (!destination) break;
    if (!give(*oldest, *destination)) {
      if (destination->has_claim) shared_.give_claim_back(destination->slot);
      break;
    }
    oldest = find_movable();
  }
  publish_wait(oldest);
}

std::optional<QueueSharing::Destination> QueueSharing::choose_destination() {
  const MonotonicTime time = loop_.time();
  if (const auto slot = shared_.claim_thread(time)) {
    return Destination{.slot = *slot, .has_claim = true};
  }
  const auto heir = gives_all_ ? hand_over_.find_target(time) : std::nullopt;
  return heir ? std::optional(Destination{.slot = heir->slot, .has_claim = false}) : std::nullopt;
}

void QueueSharing::give_all_away() {
  gives_all_ = true;
  on_calls_wait();
}

bool QueueSharing::give(AppCall& call, const Destination& destination) {
  destination_ = destination;
  call.client()->leave_with(call);
  return !std::exchange(destination_, std::nullopt).has_value();
}

void QueueSharing::publish_wait(const AppCall* oldest) {
  shared_.publish_wait(oldest != nullptr ? oldest->waits_since_us() : 0);
}

std::uint32_t QueueSharing::free_threads() const {
  const std::uint32_t taken = executor_.running_elsewhere() + executor_.queued();
  return executor_.threads_allowed() - std::min(executor_.threads_allowed(), taken);
}

/// The thread for which this worker has asked is not free any more.
void QueueSharing::publish_free_threads() {
  const std::uint32_t count = free_threads();
  shared_.publish_free_threads(asked_ && count > 0 ? count - 1 : count);
}

void QueueSharing::on_load_changed() {
  const std::uint32_t before = std::exchange(running_elsewhere_, executor_.running_elsewhere());
  if (running_elsewhere_ < before) ask_for_one();
  publish_free_threads();
}

/// `in_vain`: the worker that has just said that it has none.
void QueueSharing::ask_for_one(std::optional<std::uint32_t> in_vain) {
  const MonotonicTime time = loop_.time();
  if (asked_ && time - asked_at_ < kPatience) return;
  // Those before it are about to get the threads that are free.
  AppTask* own = executor_.queue().first();
  for (std::uint32_t i = executor_.running_elsewhere(); own != nullptr; ++i) {
    if (i >= executor_.threads_allowed()) break;
    own = AppTaskQueue::next(*own);
  }
  asked_ = shared_.find_longest_wait(own != nullptr ? own->waits_since_us() : 0, time, in_vain);
  if (asked_ && !hand_over_.ask(*asked_)) asked_.reset();
  asked_at_ = time;
}

void QueueSharing::on_told(std::uint32_t slot, HandOver::Clients::Told told) {
  if (asked_ != slot) return;
  asked_.reset();
  if (told == HandOver::Clients::Told::kNothing && free_threads() > 0) ask_for_one(slot);
  publish_free_threads();
}

bool QueueSharing::on_asked(std::uint32_t slot) {
  hand_over_.end_claimed();
  AppCall* const oldest = executor_.saturated() ? find_movable() : nullptr;
  const bool is_given = oldest != nullptr && shared_.may_give_to(slot, loop_.time()) &&
                        give(*oldest, {.slot = slot, .has_claim = false});
  publish_wait(is_given ? find_movable() : oldest);
  return is_given;
}

void QueueSharing::sweep() {
  shared_.sweep();
  if (asked_ && loop_.time() - asked_at_ >= kPatience) asked_.reset();
  publish_free_threads();
  on_calls_wait();
  if (free_threads() > 0) ask_for_one();
}

}  // namespace alicorn
