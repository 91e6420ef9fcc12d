#include "workers/connection/connection_set.hpp"

#include "base/free_memory.hpp"
#include "base/log.hpp"
#include "workers/contract/stop_times.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace alicorn {
namespace {

void log_full_table(std::uint32_t in_use, std::uint32_t lost) {
  log::error("the app has " + std::to_string(in_use) +
                 " requests, as many as it may, and completes none: this worker takes no clients; "
                 "are deferred requests lost?",
             {{"clients_gone", std::to_string(lost)}});
}

std::string name_of_status(int status) {
  return status == 0 ? "other" : std::to_string(status);
}

std::string name_of_cut(int reason) {
  return std::string(name_of(static_cast<CutReason>(reason)));
}

/// "400: 512, 431: 3"
template <class Name>
std::string describe(const EventDigest::Summary& summary, Name name) {
  std::string text;
  for (const EventDigest::Count& count : summary.counts) {
    if (count.events == 0) continue;
    text.append(text.empty() ? "" : ", ").append(name(count.kind)).append(": ");
    text.append(std::to_string(count.events));
  }
  return text;
}

}  // namespace

/// One line a second about floods of events that strangers cause.
void ConnectionSet::sum_up(std::uint64_t now_us) {
  if (const auto refused = context_.refusals.look(now_us)) {
    log::info("refused more requests", {{"requests", std::to_string(refused->total)},
                                        {"by_status", describe(*refused, name_of_status)}});
  }
  if (const auto cut = context_.cuts.look(now_us)) {
    log::info("more responses were cut", {{"responses", std::to_string(cut->total)},
                                          {"by_reason", describe(*cut, name_of_cut)}});
  }
}

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
  context_.load.connections.store(active_.size(), std::memory_order_relaxed);
  connection.start(fd, peer, local);
}

void ConnectionSet::retire(Connection& connection) {
  Connection* last = active_.back();
  active_[connection.set_index_] = last;
  last->set_index_ = connection.set_index_;
  active_.pop_back();
  spare_.push_back(&connection);
  context_.load.connections.store(active_.size(), std::memory_order_relaxed);
  context_.connection_closed();
}

void ConnectionSet::make_room(std::uint64_t now_us) {
  // A client that has just had an answer is left alone: it may be about to send another request.
  constexpr std::uint64_t kIdleEnough = 1'000'000;
  // Each search goes through all connections, so it is not repeated at once if it found nothing.
  constexpr std::uint64_t kBetweenVainLooks = 100'000;
  // As in nginx: enough to last for a while, but not too many at once.
  constexpr std::size_t kShare = 8, kMost = 32;
  if (now_us < found_nobody_us_ + kBetweenVainLooks) return;
  std::vector<std::pair<std::uint64_t, Connection*>> idle;
  for (Connection* connection : active_) {
    const auto since_us = connection->idle_since_us();
    if (since_us && *since_us + kIdleEnough <= now_us) idle.emplace_back(*since_us, connection);
  }
  if (idle.empty()) {
    found_nobody_us_ = now_us;
    if (all_busy_.is_due(now_us)) {
      log::warning("worker_connections is reached, and no connection is idle: new clients wait",
                   {{"connections", std::to_string(active_.size())}});
    }
    return;
  }
  const std::size_t count = std::clamp<std::size_t>(idle.size() / kShare, 1, kMost);
  std::nth_element(idle.begin(), idle.begin() + static_cast<std::ptrdiff_t>(count - 1), idle.end());
  idle.resize(count);
  for (const auto& [since_us, connection] : idle) connection->hurry(Connection::Hurry::kExpire);
  if (!room_made_.is_due(now_us)) return;
  log::warning("worker_connections is reached: idle connections are closed for new clients",
               {{"connections", std::to_string(active_.size())}});
}

template <class Function>
void ConnectionSet::for_each(Function function) {
  visiting_ = active_;
  for (Connection* connection : visiting_) function(*connection);
}

void ConnectionSet::sweep(std::uint64_t now_us) {
  sum_up(now_us);
  for_each([now_us](Connection& connection) { connection.sweep(now_us); });
  context_.overdue.find_abandoned(context_.app.calls(), now_us);
  if (const milliseconds limit = context_.settings.deadlines.silence; limit.count() != 0) {
    context_.overdue.find_silent(context_.app.calls(), limit, now_us);
  } else {
    OverdueRequests::warn_of_slow(context_.app.calls(), now_us);
  }
  look_at_overdue(now_us);
  look_at_calls(now_us);
}

void ConnectionSet::release_memory() {
  constexpr std::size_t kSparesKept = 8;
  if (spare_.size() > kSparesKept) {
    std::sort(spare_.begin() + kSparesKept, spare_.end());
    std::erase_if(owned_, [this](const std::unique_ptr<Connection>& owned) {
      return std::binary_search(spare_.begin() + kSparesKept, spare_.end(), owned.get());
    });
    spare_.resize(kSparesKept);
  }
  for (Connection* connection : spare_) connection->release_memory();
  owned_.shrink_to_fit();
  spare_.shrink_to_fit();
  free_memory(visiting_);
}

void ConnectionSet::look_at_calls(std::uint64_t now_us) {
  CallTable& calls = context_.app.calls();
  if (!call_table_watch_.look(calls.is_full(), calls.given_back(), now_us)) return;
  std::uint32_t lost = 0;
  calls.for_each_in_use([&](AppCall& call) {
    const bool is_lost =
        call.is_abandoned() && call.whereabouts() == AppCall::Whereabouts::kDeferred;
    lost += is_lost ? 1U : 0U;
  });
  if (call_table_watch_.is_news()) log_full_table(calls.in_use(), lost);
  if (CallTableWatch::is_worth_replacing(lost, calls.in_use())) {
    context_.ask_for_recycling("the app completes none of its requests");
  }
}

void ConnectionSet::look_at_overdue(std::uint64_t now_us) {
  if (!context_.overdue.look(now_us)) return;
  context_.poisoned = true;
  if (!context_.draining) {
    context_.idle_grace = kIdleGrace;
    drain(now_us);
  }
  if (context_.every_thread_hangs()) {
    for_each([](Connection& connection) { connection.hurry(Connection::Hurry::kNoThread); });
  }
  context_.ask_for_recycling("a request does not return");
}

void ConnectionSet::drain(std::uint64_t now_us) {
  for_each([now_us](Connection& connection) { connection.drain(now_us); });
}

void ConnectionSet::expire_all() {
  for_each([](Connection& connection) { connection.hurry(Connection::Hurry::kExpire); });
}

void ConnectionSet::cut_all() {
  for_each([](Connection& connection) { connection.hurry(Connection::Hurry::kCut); });
}

}  // namespace alicorn
