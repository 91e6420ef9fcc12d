#include "workers/connection/connection_set.hpp"

#include "base/free_memory.hpp"
#include "base/log.hpp"
#include "workers/app/try_allocating.hpp"
#include "workers/contract/stop_times.hpp"
#include "workers/net/evenness.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <sys/socket.h>

namespace alicorn {
namespace {

/// Connection objects without a client, beyond those that have one.
constexpr std::size_t kSparesKept = 64;

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

void ConnectionSet::publish_size() {
  context_.load.connections.store(size(), std::memory_order_relaxed);
}

Connection& ConnectionSet::add() {
  if (spare_.empty()) {
    spare_.push_back(std::make_unique<Connection>(context_, *this));
    // Here rather than where a connection ends, or in a sweep.
    const std::size_t objects = active_.size() + 1;
    if (spare_.capacity() <= objects) spare_.reserve(2 * objects);
    visiting_.reserve(active_.capacity() + 1);
  }
  active_.push_back(std::move(spare_.back()));
  spare_.pop_back();
  Connection& connection = *active_.back();
  connection.set_index_ = active_.size() - 1;
  return connection;
}

/// The connection has no client any more.
void ConnectionSet::set_aside(Connection& connection) {
  const std::size_t index = connection.set_index_;
  std::swap(active_[index], active_.back());
  active_[index]->set_index_ = index;
  spare_.push_back(std::move(active_.back()));
  active_.pop_back();
}

void ConnectionSet::start(int fd, const Address& peer, const Address& local) {
  Connection& connection = add();
  publish_size();
  connection.start(fd, peer, local);
}

void ConnectionSet::retire(Connection& connection) {
  set_aside(connection);
  on_client_left();
}

void ConnectionSet::on_client_left() {
  publish_size();
  context_.connection_closed();
}

bool ConnectionSet::rest(Connection& connection, ClientSocket& socket, const RestState& state) {
  if (!resting_.take(socket, state)) return false;
  set_aside(connection);
  return true;
}

/// A connection for a client whose addresses are not known here. False: the client has reset it, or
/// there is no memory.
bool ConnectionSet::prepare(int fd, std::size_t unread) noexcept {
  const auto address = [fd](auto* ask) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    const bool is_known = ask(fd, reinterpret_cast<sockaddr*>(&storage), &size) == 0;
    return is_known ? std::optional(Address::from_sockaddr(storage, size)) : std::nullopt;
  };
  Connection* connection = nullptr;
  const bool has_memory = try_allocating([&] {
    const std::optional<Address> peer = address(::getpeername), local = address(::getsockname);
    if (!peer || !local) return;
    arrival_ = {.connection = nullptr, .peer = *peer, .local = *local};
    connection = &add();
    if (unread > 0) connection->reserve_input(unread);
  });
  if (!has_memory) {
    if (connection != nullptr) set_aside(*std::exchange(connection, nullptr));
    if (no_memory_.is_due(to_us(now()))) {
      log::error(
          "there is no memory for a connection: a client that was idle, or whose request has come "
          "back from another worker, is closed, or a client of another worker is refused");
    }
  }
  arrival_.connection = connection;
  return connection != nullptr;
}

void ConnectionSet::on_client_woke(RestingClient& client) noexcept {
  const bool is_prepared = prepare(client.fd(), 0);
  if (is_prepared) arrival_.connection->resume(client, arrival_.peer, arrival_.local);
  resting_.remove(client);
  if (!is_prepared) on_client_left();
}

void ConnectionSet::open_mailbox(const HandOver::Parts& parts, std::vector<Address> served) {
  served_ = std::move(served);
  HandOver::Clients& clients = *this;
  hand_over_.emplace(parts, clients);
  sharing_.emplace(context_.loop, context_.app.executor(), *hand_over_,
                   SharedQueue(parts.loads, parts.room.boxes(), parts.slot, parts.generation));
  hand_over_->open();
}

bool ConnectionSet::move(Connection& connection, ClientSocket& socket, MovingClient client) {
  if (!hand_over_ || client.unread.size() > HandOverMessage::kUnreadMax) return false;
  const MonotonicTime time = context_.loop.time();
  const auto& destination = sharing_->destination();
  const auto target =
      destination ? hand_over_->target_at(destination->slot) : hand_over_->find_target(time);
  client.request.has_claim = destination && destination->has_claim;
  if (!target || !hand_over_->offer(*target, socket.fd(), client, time)) return false;
  sharing_->note_given();
  client.fd = socket.release();
  hand_over_->keep(*target, std::move(client));
  set_aside(connection);
  return true;
}

/// One of the clients that rest. False: this is not possible for now.
bool ConnectionSet::hand_over_resting(const std::optional<HandOver::Target>& target,
                                      MonotonicTime time) {
  if (!target) return false;
  RestingClient& resting = resting_.any();
  MovingClient client{.fd = {}, .state = resting.state(), .request = {}, .unread = {}};
  resting.withdraw_last_word();
  if (!hand_over_->offer(*target, resting.fd(), client, time)) {
    resting.renew_last_word();
    return false;
  }
  client.fd = resting_.release_any();
  hand_over_->keep(*target, std::move(client));
  return true;
}

/// Gives some idle clients to a sibling that has far fewer.
void ConnectionSet::even_out(MonotonicTime time) {
  if (context_.draining || context_.poisoned || resting_.size() == 0) return;
  const auto gift = find_gift(hand_over_->loads(), sharing_->queue(), hand_over_->slot(), time);
  if (!gift) return;
  for (std::uint64_t given = 0; given < gift->connections && resting_.size() > 0; ++given) {
    if (!hand_over_resting(hand_over_->target_at(gift->slot), time)) return;
  }
}

void ConnectionSet::hand_over_all(MonotonicTime time) {
  constexpr milliseconds kPatience{500};  // a worker may be full for a moment
  while (resting_.size() > 0 && hand_over_resting(hand_over_->find_target(time), time)) {
  }
  if (resting_.size() == 0) {
    for_each([](Connection& connection) { connection.ask_to_move(); });
  }
  const bool has_heir = hand_over_->under_way() > 0 || hand_over_->find_target(time);
  if (has_heir || had_heir_ == MonotonicTime::min()) had_heir_ = time;
  if (time - had_heir_ < kPatience) return;
  context_.hands_over = false;  // there is nobody: clients have to connect anew
  drain(to_us(time));
  refuse_what_waits_in_vain();
}

void ConnectionSet::begin_to_leave(Replaced replaced, MonotonicTime time) {
  if (!hand_over_ || replaced == Replaced::kNo) {
    context_.hands_over = false;
    return drain(to_us(time));
  }
  context_.hands_over = true;
  sharing_->begin_to_leave();
  hand_over_all(time);
}

void ConnectionSet::refuse_what_waits_in_vain() {
  if (!context_.every_thread_hangs()) return;
  for_each([](Connection& connection) { connection.hurry(Connection::Hurry::kNoThread); });
}

bool ConnectionSet::prepare_for(int fd, std::size_t unread) noexcept {
  const bool has_room = !is_full() && !context_.app.calls().is_full();
  // At once: others would try again and again until the next sweep says so.
  if (!has_room) context_.load.openness.store(Openness::kClosed, std::memory_order_relaxed);
  if (context_.draining || context_.poisoned || !has_room || !prepare(fd, unread)) return false;
  const bool is_served = std::any_of(served_.begin(), served_.end(), [&](const Address& address) {
    return address.accepts(arrival_.local);
  });
  if (!is_served) decline();
  return is_served;
}

void ConnectionSet::adopt(MovingClient client, std::string_view unread) noexcept {
  publish_size();
  arrival_.connection->take_over(std::move(client), unread, arrival_.peer, arrival_.local);
}

void ConnectionSet::take_back(MovingClient client) noexcept {
  if (!prepare(client.fd.get(), client.unread.size())) {
    ::shutdown(client.fd.get(), SHUT_RDWR);  // a message that nobody may ever read has a copy
    return on_client_left();
  }
  const std::string unread = std::move(client.unread);
  arrival_.connection->take_over(std::move(client), unread, arrival_.peer, arrival_.local);
}

void ConnectionSet::on_handed_over() noexcept {
  context_.scoreboard.handed_over.fetch_add(1, std::memory_order_relaxed);
  on_client_left();
  if (context_.hands_over && hand_over_->under_way() == 0) hand_over_all(context_.loop.time());
}

void ConnectionSet::make_room(std::uint64_t now_us) {
  // Each search goes through all of them, so it is not repeated at once if it found nothing.
  constexpr std::uint64_t kBetweenVainLooks = 100'000;
  // As in nginx: enough to last for a while, but not too many at once.
  constexpr std::size_t kShare = 8, kMost = 32;
  if (now_us < found_nobody_us_ + kBetweenVainLooks) return;
  // A client that has just had an answer does not rest yet: it may be about to send another
  // request.
  if (resting_.close_oldest(kShare, kMost) == 0) {
    found_nobody_us_ = now_us;
    if (all_busy_.is_due(now_us)) {
      log::warning("worker_connections is reached, and no connection is idle: new clients wait",
                   {{"connections", std::to_string(size())}});
    }
    return;
  }
  if (!room_made_.is_due(now_us)) return;
  log::warning("worker_connections is reached: idle connections are closed for new clients",
               {{"connections", std::to_string(size())}});
}

template <class Function>
void ConnectionSet::for_each(Function function) {
  visiting_.clear();
  for (const auto& connection : active_) visiting_.push_back(connection.get());
  // A visit may add a connection, for which the vector may grow.
  for (std::size_t i = 0; i < visiting_.size(); ++i) function(*visiting_[i]);
}

void ConnectionSet::sweep(std::uint64_t now_us) {
  sum_up(now_us);
  for_each([now_us](Connection& connection) { connection.sweep(now_us); });
  resting_.sweep(now_us);
  if (hand_over_) {
    hand_over_->sweep(context_.loop.time());
    sharing_->sweep();
    context_.hands_over ? hand_over_all(context_.loop.time()) : even_out(context_.loop.time());
  }
  // When many clients have come to rest.
  keep_spares(active_.size() + kSparesKept);
  context_.overdue.find_abandoned(context_.app.calls(), now_us);
  if (const milliseconds limit = context_.settings.deadlines.silence; limit.count() != 0) {
    context_.overdue.find_silent(context_.app.calls(), limit, now_us);
  } else {
    OverdueRequests::warn_of_slow(context_.app.calls(), now_us);
  }
  look_at_overdue(now_us);
  look_at_calls(now_us);
}

void ConnectionSet::keep_spares(std::size_t count) {
  if (spare_.size() > count) spare_.resize(count);
}

void ConnectionSet::release_memory() {
  constexpr std::size_t kKept = 8;
  keep_spares(kKept);
  for (const auto& connection : spare_) connection->release_memory();
  active_.shrink_to_fit();
  spare_.shrink_to_fit();
  spare_.reserve(active_.size() + spare_.size());  // set_aside() must not fail
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
    begin_to_leave(Replaced::kYes, context_.loop.time());
  }
  if (sharing_ && context_.every_thread_hangs()) sharing_->give_all_away();
  refuse_what_waits_in_vain();
  context_.ask_for_recycling("a request does not return");
}

void ConnectionSet::drain(std::uint64_t now_us) {
  for_each([now_us](Connection& connection) { connection.drain(now_us); });
  resting_.shorten(now_us + to_us(context_.idle_grace));
}

void ConnectionSet::expire_all() {
  for_each([](Connection& connection) { connection.hurry(Connection::Hurry::kExpire); });
  resting_.close_silent();
}

void ConnectionSet::cut_all() {
  for_each([](Connection& connection) { connection.hurry(Connection::Hurry::kCut); });
  resting_.close_all();
  if (hand_over_) hand_over_->cut_all();
}

}  // namespace alicorn
