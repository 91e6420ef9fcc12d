#include "workers/net/acceptor_set.hpp"

#include <algorithm>
#include <optional>

namespace alicorn {

AcceptorSet::AcceptorSet(EventLoop& loop, const std::vector<WorkerListener>& listeners,
                         Reception& reception, WorkerSlot& scoreboard)
    : reception_(reception), timer_(loop, [this] { look_again(); }) {
  for (const WorkerListener& listener : listeners) {
    acceptors_.push_back(std::make_unique<Acceptor>(loop, listener, acceptors_.size(), reception,
                                                    scoreboard, left_one_));
  }
}

void AcceptorSet::resume() {
  for (const auto& acceptor : acceptors_) acceptor->resume();
}

void AcceptorSet::stop() {
  using Queued = Acceptor::Queued;
  const Queued queued = reception_.can_serve() ? Queued::kTake : Queued::kLeave;
  for (const auto& acceptor : acceptors_) acceptor->stop(queued);
}

void AcceptorSet::leave_to_others() {
  for (const auto& acceptor : acceptors_) acceptor->leave_to_others();
}

bool AcceptorSet::are_left_to_others() const {
  return std::all_of(acceptors_.begin(), acceptors_.end(),
                     [](const auto& acceptor) { return acceptor->is_left_to_others(); });
}

bool AcceptorSet::have_stopped() const {
  return std::all_of(acceptors_.begin(), acceptors_.end(),
                     [](const auto& acceptor) { return acceptor->has_stopped(); });
}

void AcceptorSet::look_at_places() {
  const MonotonicTime time = now();
  const std::optional<Rank> rank = reception_.rank(time);
  for (const auto& acceptor : acceptors_) acceptor->look_at_place(rank, time);
  look_again();
}

void AcceptorSet::look_again(Acceptor::Occasion occasion) {
  for (const auto& acceptor : acceptors_) {
    acceptor->look_again(occasion);
    acceptor->resume();
  }
}

void AcceptorSet::look_again_later() {
  if (timer_.time() == MonotonicTime::max()) timer_.set(now() + reception_.relook_delay());
}

}  // namespace alicorn
