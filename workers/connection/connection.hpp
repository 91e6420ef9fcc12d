// One client: read, parse, call, write, log, as a coroutine that reads from top to bottom.
// RequestReader handles what it reads, ResponseWriter what it writes, Exchange what belongs to one
// request. This class has the socket, the waits and the deadlines. Worker, I/O thread.
#pragma once

#include "base/address.hpp"
#include "workers/app/app_call.hpp"
#include "workers/connection/connection_context.hpp"
#include "workers/connection/exchange.hpp"
#include "workers/connection/mobility.hpp"
#include "workers/connection/moving_client.hpp"
#include "workers/connection/phase_clock.hpp"
#include "workers/connection/request_reader.hpp"
#include "workers/connection/request_receiver.hpp"
#include "workers/connection/response_sender.hpp"
#include "workers/connection/response_writer.hpp"
#include "workers/connection/resting_clients.hpp"
#include "workers/loop/coroutine.hpp"
#include "workers/net/client_socket.hpp"

#include <coroutine>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace alicorn {

class Connection;

/// Where a connection goes when it has ended.
class ConnectionHome {
 public:
  /// The connection's object may serve the next client.
  virtual void retire(Connection& connection) = 0;
  /// The same, but its client stays. False: this is not possible now, and nothing has changed.
  virtual bool rest(Connection& connection, ClientSocket& socket, const RestState& state) = 0;
  /// The client goes to another worker, with what has been read of its next request. False: as
  /// above. `client`: without the descriptor.
  virtual bool move(Connection& connection, ClientSocket& socket, MovingClient client) = 0;

 protected:
  ~ConnectionHome() = default;
};

class Connection final : private SocketOwner, private CallClient {
 public:
  Connection(ConnectionContext& context, ConnectionHome& home);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Serves the client until the connection ends, then retires. Takes ownership of the descriptor.
  void start(int fd, const Address& peer, const Address& local);
  /// The same for a client that has rested.
  void resume(RestingClient& client, const Address& peer, const Address& local);
  /// The same for a client that comes from another worker, or comes back because nobody has claimed
  /// it. reserve_input() has made room for what is unread.
  void take_over(MovingClient client, std::string_view unread, const Address& peer,
                 const Address& local);
  void reserve_input(std::size_t size) { reader_.input().space(size); }
  /// If it is between two requests, its client goes to another worker as soon as possible.
  void ask_to_move();

  void sweep(std::uint64_t now_us);  ///< deadlines
  void release_memory();             ///< only of a retired connection
  void drain(std::uint64_t now_us);  ///< an idle connection gets a short time; others finish first
  enum class Hurry {
    kExpire,    ///< as if the deadline of the current phase had passed
    kNoThread,  ///< as kExpire, if it waits for the app: no thread will become free
    kCut,       ///< in any phase
  };
  void hurry(Hurry how);
  FrameArena& frame_arena() { return frames_; }

 private:
  friend class ConnectionSet;  // keeps each connection's set_index_
  using Phase = PhaseClock::Phase;
  using Sent = ResponseSender::Sent;
  /// What has become of a request's head.
  enum class Head {
    kIncomplete,  ///< or nothing of it has come
    kComplete,
    kRefused,  ///< the answer is queued, and the connection ends
  };
  /// Something has changed: the socket, the call, or the time is over.
  struct Change {
    Connection& connection;
    bool await_ready() const noexcept { return std::exchange(connection.news_, false); }
    void await_suspend(std::coroutine_handle<> handle) const noexcept {
      connection.waiter_ = handle;
    }
    void await_resume() const noexcept {}
  };

  // The conversation
  DetachedCoroutine run();
  Task<bool> read_body(AppCall& call);
  Task<bool> await_memory(AppCall& call);
  Task<bool> await_disk(AppCall& call);
  Task<bool> read_more();
  Task<bool> close();

  // Steps between two waits
  void begin(const Address& peer, const Address& local);
  void await_request();
  bool waits_in_vain(AppCall& call);
  bool is_quiet() const { return !lost_ && !news_; }
  template <class Give>
  bool part(Give give);
  bool rest();
  bool move();
  bool move_with(AppCall& call);
  bool leave();
  Head look_at_head();
  AppCall* open_call();
  void begin_conversation(AppCall& call);
  bool converse(AppCall& call);
  bool ask_for_more();
  bool take_read();
  void await_body();
  void pump_streamed_body(AppCall& call);
  bool collect_response(AppCall& call);
  bool finish(AppCall& call);
  void answer_error(int status, bool keep_alive);
  void give_up_response(int status, CutReason reason, std::string_view why, AppCall& call);
  void reject(AppCall* call, int status, std::string_view reason);
  void refuse_late(AppCall* call, std::string_view deadline);
  void conversation_expired(AppCall& call);
  Sent flush();
  void renew_last_word();
  void next_request();

  /// A read for bytes of the body is pending.
  bool reads_body() const {
    return reader_.awaits_body() && !writer_.is_done() && socket_.reading();
  }
  void arm(Phase phase, milliseconds limit);
  void die(CutReason reason);

  void on_socket_event() noexcept override { wake(); }
  iovec read_space() noexcept override { return receiver_.read_space(); }
  void on_nothing_read() noexcept override { receiver_.on_nothing_read(); }
  void on_call_changed() noexcept override {
    sender_.is_bulk(context_.loop.time_us()) ? socket_.notify_owner() : wake();
  }
  bool may_leave_with(AppCall& call) noexcept override {
    return is_quiet() && waiter_ && mobility_.may_move_with(call);
  }
  void leave_with(AppCall& /*call*/) noexcept override {
    mobility_.ask_to_leave(Mobility::Leave::kWithRequest);
    wake();
  }
  void wake();

  ConnectionContext& context_;
  ConnectionHome& home_;
  std::size_t set_index_ = 0;
  FrameArena frames_;
  ClientSocket socket_;
  std::coroutine_handle<> waiter_;

  ConnectionEnds ends_;
  RequestReader reader_;
  ResponseWriter writer_;
  ResponseSender sender_;
  RequestReceiver receiver_;
  Exchange exchange_{context_, ends_};
  PhaseClock clock_;
  Mobility mobility_{{.context = context_,
                      .socket = socket_,
                      .reader = reader_,
                      .receiver = receiver_,
                      .sender = sender_,
                      .clock = clock_}};

  AppCall* whole_body_of_ = nullptr;  ///< its body is being read whole, within the body budget
  bool news_ = false;                 ///< something changed while nobody waited for it
  bool lost_ = false;                 ///< nothing can be sent to the client any longer
};

}  // namespace alicorn
