#include "workers/connection_set.hpp"

#include "base/log.hpp"
#include "workers/farewell.hpp"

#include <string>

namespace alicorn {

void ConnectionSet::start(int fd, const Address& peer, const Address& local) {
  if (spare_.empty()) {
    owned_.push_back(std::make_unique<Connection>(context_, *this));
    spare_.push_back(owned_.back().get());
    visiting_.reserve(owned_.capacity());  // here rather than in the first sweep
  }
  Connection& connection = *spare_.back();
  spare_.pop_back();
  connection.set_index_ = active_.size();
  active_.push_back(&connection);
  context_.scoreboard.connections.store(active_.size(), std::memory_order_relaxed);
  connection.start(fd, peer, local);
}

void ConnectionSet::retire(Connection& connection) {
  Connection* last = active_.back();
  active_[connection.set_index_] = last;
  last->set_index_ = connection.set_index_;
  active_.pop_back();
  spare_.push_back(&connection);
  context_.scoreboard.connections.store(active_.size(), std::memory_order_relaxed);
  context_.connection_closed();
}

template <class Function>
void ConnectionSet::for_each(Function function) {
  visiting_ = active_;
  for (Connection* connection : visiting_) function(*connection);
}

void ConnectionSet::sweep(std::uint64_t now_us) {
  for_each([now_us](Connection& connection) { connection.sweep(now_us); });
  context_.overdue.find_abandoned(context_.app.calls(), now_us);
  look_at_overdue(now_us);
  look_at_calls(now_us);
}

void ConnectionSet::look_at_calls(std::uint64_t now_us) {
  CallTable& calls = context_.app.calls();
  if (!call_table_watch_.look(calls.is_full(), calls.given_back(), now_us)) return;
  std::uint32_t abandoned = 0;
  calls.for_each_in_use([&](const AppCall& call) { abandoned += call.is_abandoned() ? 1U : 0U; });
  log::error("the app has " + std::to_string(calls.in_use()) +
                 " requests, as many as it may, and completes none: this worker takes no clients; "
                 "are deferred requests lost?",
             {{"clients_gone", std::to_string(abandoned)}});
  // A replacement for one whose clients are all there would have just as many again.
  if (abandoned != 0) context_.ask_for_recycling("the app completes none of its requests");
}

void ConnectionSet::look_at_overdue(std::uint64_t now_us) {
  if (!context_.overdue.look(now_us)) return;
  context_.poisoned = true;
  if (!context_.draining) {
    context_.idle_grace = kIdleGrace;
    drain(now_us);
  }
  context_.ask_for_recycling("a request does not return");
}

void ConnectionSet::drain(std::uint64_t now_us) {
  for_each([now_us](Connection& connection) { connection.drain(now_us); });
}

void ConnectionSet::expire_all() {
  for_each([](Connection& connection) { connection.expire(); });
}

void ConnectionSet::cut_all() {
  for_each([](Connection& connection) { connection.cut(); });
}

}  // namespace alicorn
