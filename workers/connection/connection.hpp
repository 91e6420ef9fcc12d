// One client: read, parse, call, write, log, as a coroutine that reads top to bottom. Worker, I/O
// thread.
#pragma once

#include "base/address.hpp"
#include "workers/app/app_call.hpp"
#include "workers/connection/connection_context.hpp"
#include "workers/http/parser.hpp"
#include "workers/loop/coroutine.hpp"
#include "workers/net/client_socket.hpp"
#include "workers/net/input_buffer.hpp"
#include "workers/net/minimum_rate.hpp"
#include "workers/net/output_queue.hpp"

#include <coroutine>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace alicorn {

class ConnectionSet;

class Connection final : private SocketOwner, private CallClient {
 public:
  Connection(ConnectionContext& context, ConnectionSet& set);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Serves the client until the connection ends, then retires to the set. Takes the descriptor
  /// over.
  void start(int fd, const Address& peer, const Address& local);

  void sweep(std::uint64_t now_us);  ///< deadlines; buffers of the idle
  void release_memory();             ///< of one that has retired
  void drain(std::uint64_t now_us);  ///< an idle one has a short time left; others finish first
  void expire();                     ///< as if the deadline of what it does had passed
  void cut();                        ///< whatever it does
  void give_up_waiting();            ///< for a thread: none will come free
  /// Since when, in µs, it has nothing to do; nullopt: it has.
  std::optional<std::uint64_t> idle_since_us() const;
  FrameArena& frame_arena() { return frames_; }

 private:
  friend class ConnectionSet;
  static constexpr std::string_view kEveryThreadHangs = "every thread hangs in the app";
  enum class Phase { kIdle, kHead, kBody, kApp, kClosing };
  enum class Sent { kAll, kBlocked, kDead };
  struct Changed {
    Connection& connection;
    bool await_ready() const noexcept { return std::exchange(connection.news_, false); }
    void await_suspend(std::coroutine_handle<> handle) const noexcept {
      connection.waiter_ = handle;
    }
    void await_resume() const noexcept {}
  };

  // connection.cpp: the conversation
  DetachedCoroutine run();
  Task<bool> read_head();
  Task<bool> read_body(AppCall& call);
  Task<bool> await_memory(AppCall& call);
  Task<bool> converse(AppCall& call);
  Task<bool> finish(AppCall& call);
  Task<bool> stop_reading();
  Task<bool> read_more();
  Task<bool> close();
  Changed changed() { return Changed{*this}; }

  // connection_request.cpp, connection_response.cpp: what the conversation does between two waits
  AppCall* open_call();
  void set_body_apart();
  void take_read();
  void await_body();
  HttpParser::Progress pump_body(AppCall& call);
  HttpParser::Progress prefetch_body(AppCall& call);
  void pump_streamed_body(AppCall& call);
  bool collect_response(AppCall& call);
  void end_head(const Answer::Collected& progress, std::size_t head_begin);
  void answer_error(int status, bool keep_alive);
  void give_up_response(int status, CutReason reason, std::string_view why, AppCall& call);
  void reject(AppCall* call, int status, std::string_view reason);
  void log_refusal(AppCall* call, int status, std::string_view reason);
  void log_cut(AppCall& call);
  void die(CutReason reason);
  void note_cut(CutReason reason);
  std::uint64_t body_bytes_sent() const {
    return sent_bytes_ > head_bytes_ ? sent_bytes_ - head_bytes_ : 0;
  }
  void conversation_expired(AppCall& call);
  void refuse_late(AppCall* call, std::string_view deadline);
  void refuse_late_body(AppCall& call);
  void watch_client(AppCall& call);
  void set_conversation_deadline(AppCall& call);
  std::size_t unread() const;
  bool may_join_next_response(AppCall& call) const;
  Sent flush();
  void renew_last_word();
  Sent send_file(std::uint64_t& total);
  void await_room();
  void leave_input_with(AppCall& call);
  void next_request();
  void log_access(AppCall* call);
  /// Does a body that is read come too late, or too slowly?
  bool body_is_overdue(std::uint64_t now_us) const;
  bool reads_body() const { return awaits_body_ && !response_complete_ && socket_.reading(); }
  std::optional<CutReason> find_slow_reader(std::uint64_t now_us);
  bool rest_will_not_come(AppCall& call);
  bool is_to_be_spared();
  void arm(Phase phase, milliseconds limit);

  void on_socket_event() noexcept override { wake(); }
  void on_call_changed() noexcept override { wake(); }
  void wake();

  ConnectionContext& context_;
  ConnectionSet& set_;
  std::size_t set_index_ = 0;
  FrameArena frames_;
  ClientSocket socket_;
  HttpParser parser_;
  std::coroutine_handle<> waiter_;
  bool news_ = false;

  Address peer_, local_;
  std::string peer_ip_, local_ip_;
  std::string_view client_ip_;  ///< after trusted forwarding; of this request
  bool trusted_ = false;

  InputBuffer in_;    ///< received and not yet consumed; without a body, the head is at its front
  InputBuffer head_;  ///< the head, while a body is read into in_
  OutputQueue out_;   ///< heads, and bodies that are small enough to be copied behind them
  LastWord last_word_{out_};
  OutputQueue body_out_;
  FileBody file_{socket_, *this, context_.app.disk_helpers(), context_.settings.sendfile};

  // Times in µs of CLOCK_MONOTONIC; 0: none, or not yet.
  std::uint64_t now_us_ = 0;  ///< when this connection last looked at the clock
  std::uint64_t deadline_us_ = 0;
  std::uint64_t received_us_ = 0;       ///< first byte of the head
  std::uint64_t first_byte_us_ = 0;     ///< of the response
  std::uint64_t idle_since_us_ = 0;     ///< while it is idle
  std::uint64_t body_moved_us_ = 0;     ///< last byte of an awaited body
  std::uint64_t stalled_since_us_ = 0;  ///< the app is behind the body
  std::uint64_t write_blocked_us_ = 0;  ///< the client takes nothing
  std::size_t write_waiting_ = 0;       ///< bytes in the kernel, when it last took any
  MinimumRate body_rate_, write_rate_;

  // The connection.
  Phase phase_ = Phase::kIdle;
  bool served_before_ = false;
  bool expired_ = false;
  bool cut_ = false;
  bool eof_ = false;
  bool dead_ = false;  ///< nothing can be sent any more
  bool release_buffer_ = false;
  bool was_spared_ = false;  ///< once for each time between two requests
  bool linger_ = false;
  /// The response's end is the connection's: until all of it has left, only a reset would tell the
  /// client that it is not whole. (A unix socket has none.)
  bool ends_by_close_ = false;
  bool cut_short_ = false;  ///< it never will

  // The request.
  std::uint64_t bytes_in_ = 0;
  std::size_t head_size_ = 0;
  std::int32_t method_id_ = 0;
  std::uint16_t version_minor_ = 1;
  bool client_keeps_alive_ = false;
  bool has_body_ = false;
  bool body_complete_ = false;
  bool awaits_body_ = false;
  AppCall* whole_body_of_ = nullptr;  ///< is read, into the memory of all bodies
  bool held_back_ = false;            ///< by this worker, whose bodies take much memory
  bool no_memory_ = false;            ///< expired for others that want it, or for want of it
  bool continue_owed_ = false;

  // The response.
  int status_ = 0;
  std::uint64_t error_body_size_ = 0;
  std::uint64_t head_bytes_ = 0, sent_bytes_ = 0;  ///< heads that were queued; all that left
  CutReason cut_reason_ = CutReason::kNone;
  bool is_own_answer_ = false;  ///< an error of the server's, not a response of the app
  bool keep_alive_ = false;
  bool head_queued_ = false;        ///< the answer can no longer be another
  bool response_complete_ = false;  ///< all of it is in out_, body_out_ and file_
  std::string response_head_log_;
};

}  // namespace alicorn
