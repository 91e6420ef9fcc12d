#include "workers/connection/queue_sharing.hpp"

#include "workers/app/call_client.hpp"

#include <algorithm>
#include <utility>

namespace alicorn {
namespace {

/// So many of the oldest calls are looked at for one that may move.
constexpr int kLookedAt = 32;

}  // namespace

QueueSharing::QueueSharing(EventLoop& loop, AppExecutor& executor, HandOver& hand_over,
                           const SharedQueue& shared)
    : loop_(loop),
      executor_(executor),
      hand_over_(hand_over),
      shared_(shared),
      inquiry_(shared.slots()),
      answer_is_late_(loop, [this] {
        inquiry_.note_late();
        keep_no_thread();
        publish_free_threads();
      }) {
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

/// `but`: that many are taken soon.
void QueueSharing::publish_free_threads(std::uint32_t but) {
  const std::uint32_t count = executor_.free_threads();
  shared_.publish_free_threads(count - std::min(count, but));
}

void QueueSharing::on_load_changed() {
  const std::uint32_t before = std::exchange(running_elsewhere_, executor_.running_elsewhere());
  if (running_elsewhere_ < before) {
    inquiry_.begin_anew();
    ask_for_one();
  }
  publish_free_threads();
}

/// If every free thread is about to get a call of this worker: the call that would wait if one of
/// the threads ran something else.
const AppTask* QueueSharing::last_about_to_run() const {
  const AppTask* call = executor_.queue().first();
  for (std::uint32_t i = executor_.running_elsewhere() + 1; call != nullptr; ++i) {
    if (i >= executor_.threads_allowed()) break;
    call = AppTaskQueue::next(*call);
  }
  return call;
}

/// A thread is free. It runs what has waited longest; if that is elsewhere, it is kept until the
/// request comes. Otherwise the next request of the client that has just had an answer would get
/// it, and what comes would have to wait here, or to move on.
void QueueSharing::ask_for_one() {
  const MonotonicTime time = loop_.time();
  if (executor_.saturated() || !inquiry_.may_ask(time)) return;
  const AppTask* const own = last_about_to_run();
  if (own != nullptr && own->waits_since_us() == 0) return;  // goes on with what has begun
  const auto slot = shared_.find_longest_wait(own != nullptr ? own->waits_since_us() : 0, time,
                                              inquiry_.had_nothing());
  if (!slot || !hand_over_.ask(*slot)) return;
  executor_.keep_thread(true);
  answer_is_late_.set(inquiry_.ask(*slot, time));
}

void QueueSharing::keep_no_thread() {
  answer_is_late_.cancel();
  executor_.keep_thread(false);
}

void QueueSharing::on_told(std::uint32_t slot, Inquiry::Answer answer) {
  if (!inquiry_.note_answer(slot, answer)) return;
  keep_no_thread();
  if (answer == Inquiry::Answer::kComes) return publish_free_threads(1);
  ask_for_one();
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
  on_calls_wait();
  inquiry_.begin_anew();
  ask_for_one();
  publish_free_threads();
}

}  // namespace alicorn
