#include "workers/acceptor_set.hpp"

#include <algorithm>

namespace alicorn {

AcceptorSet::AcceptorSet(boost::asio::io_context& io, const std::vector<WorkerListener>& listeners,
                         ConnectionSet& connections, WorkerSlot& scoreboard, Admission& admission)
    : admission_(admission), timer_(io.get_executor()) {
  for (const WorkerListener& listener : listeners) {
    acceptors_.push_back(std::make_unique<Acceptor>(io, listener, acceptors_.size(), connections,
                                                    scoreboard, admission, left_one_));
  }
}

void AcceptorSet::resume() {
  for (const auto& acceptor : acceptors_) acceptor->resume();
}

void AcceptorSet::stop() {
  using Queued = Acceptor::Queued;
  const Queued queued = admission_.can_serve() ? Queued::kTake : Queued::kLeave;
  for (const auto& acceptor : acceptors_) acceptor->stop(queued);
}

void AcceptorSet::leave_to_others() {
  for (const auto& acceptor : acceptors_) acceptor->leave_to_others();
}

bool AcceptorSet::have_stopped() const {
  return std::all_of(acceptors_.begin(), acceptors_.end(),
                     [](const auto& acceptor) { return acceptor->has_stopped(); });
}

void AcceptorSet::look_again(Acceptor::Occasion occasion) {
  for (const auto& acceptor : acceptors_) {
    acceptor->look_again(occasion);
    acceptor->resume();
  }
}

void AcceptorSet::look_again_later() {
  if (timer_runs_) return;
  timer_runs_ = true;
  timer_.expires_after(admission_.relook_delay());
  timer_.async_wait(in_place(timer_memory_, [this](const boost::system::error_code& error) {
    timer_runs_ = false;
    if (!error) look_again();
  }));
}

}  // namespace alicorn
