// Whether a connection's client may go to somebody else - to rest, or to another worker - and what
// goes along with it. Decides without acting. Worker, I/O thread.
#pragma once

#include "workers/app/app_call.hpp"
#include "workers/connection/connection_context.hpp"
#include "workers/connection/moving_client.hpp"
#include "workers/connection/phase_clock.hpp"
#include "workers/connection/request_reader.hpp"
#include "workers/connection/request_receiver.hpp"
#include "workers/connection/response_sender.hpp"
#include "workers/connection/rest_state.hpp"
#include "workers/net/client_socket.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace alicorn {

class Mobility {
 public:
  /// The parts of the connection, which outlive it.
  struct Parts {
    ConnectionContext& context;
    const ClientSocket& socket;
    RequestReader& reader;
    const RequestReceiver& receiver;
    const ResponseSender& sender;
    const PhaseClock& clock;
  };
  explicit Mobility(const Parts& parts) : parts_(parts) {}

  // Where the client comes from.

  void begin_new() { begin({}); }
  void begin_rested(const RestState& state) { begin(state); }
  void begin_moved(const MovingClient& client, std::uint64_t now_us);
  bool was_served() const { return was_served_; }
  bool may_have_copy() const { return may_have_copy_; }

  // The request that has come with the client, while it waits for a thread; otherwise a new one.

  /// When its first byte came; 0: it has not waited elsewhere.
  std::uint64_t received_us() const { return request_.received_us; }
  /// When its head was complete: `now_us`, unless it has waited elsewhere.
  std::uint64_t came_us(std::uint64_t now_us) const {
    return has_waited() ? request_.came_us : now_us;
  }
  /// Since when it has waited for a thread: `now_us`, unless it has waited elsewhere.
  std::uint64_t ready_us(std::uint64_t now_us) const {
    return has_waited() ? request_.ready_us : now_us;
  }
  /// It has waited elsewhere, or was on its way there and has come back.
  bool has_waited() const { return request_.came_us != 0; }
  std::uint32_t moves() const { return request_.moves; }
  void note_served() {
    was_served_ = true;
    refusals_ = 0;
    if (has_waited()) request_ = {};
  }

  // Where it may go.

  enum class Leave { kNo, kToRest, kToMove, kWithRequest };
  void ask_to_leave(Leave how) { leave_ = how; }
  Leave take_wish() { return std::exchange(leave_, Leave::kNo); }
  bool is_asked() const { return leave_ != Leave::kNo; }

  /// Nothing has come of the next request for a while.
  bool may_rest(std::uint64_t now_us) const;
  /// Nothing of the next request has been looked at, and nothing is owed to the client.
  bool may_move() const;
  /// The same with the request whose call waits for a thread: all that has been read of it can be
  /// sent as it came.
  bool may_move_with(AppCall& call) const;
  /// That may become possible, if it is not now.
  bool could_move_with(AppCall& call) const;
  /// Its client must connect anew: also one that nobody has claimed several times, if the worker
  /// leaves.
  bool sends_client_away() const {
    const ConnectionContext& context = parts_.context;
    return context.sends_clients_away() || (context.draining && refusals_ >= kRefusalsMax);
  }

  RestState state() const {
    return {.idle_since_us = parts_.clock.idle_since_us(),
            .deadline_us = parts_.clock.deadline_us(),
            .was_served = was_served_,
            .may_have_copy = may_have_copy_};
  }

  // What goes along. Both copy bytes, and may throw std::bad_alloc.

  MovingClient client() const;                    ///< if it may_move()
  MovingClient client_with(AppCall& call) const;  ///< if it may_move_with() this call

 private:
  static constexpr std::uint32_t kRefusalsMax = 3, kMovesMax = 3;

  void begin(const RestState& state) {
    was_served_ = state.was_served;
    refusals_ = 0;
    may_have_copy_ = state.may_have_copy;
    request_ = {};
    leave_ = Leave::kNo;
  }
  std::string_view input() const;
  bool may_take_along(AppCall& call) const;

  const Parts parts_;
  WaitingRequest request_;
  Leave leave_ = Leave::kNo;    ///< asked for from outside
  std::uint32_t refusals_ = 0;  ///< how often it was to move, and nobody has claimed it
  bool may_have_copy_ = false;
  bool was_served_ = false;
};

}  // namespace alicorn
