// The reading half of a connection: turns received bytes into a head, a body, and whatever is
// pipelined behind them. Knows no socket: bytes and times are arguments. Worker, I/O thread.
#pragma once

#include "workers/app/request_view.hpp"
#include "workers/contract/settings.hpp"
#include "workers/http/parser.hpp"
#include "workers/net/input_buffer.hpp"
#include "workers/net/minimum_rate.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <sys/uio.h>

namespace alicorn {

class RequestReader {
 public:
  enum class Body {
    kNone,      ///< the request has none
    kUnread,    ///< the app has not asked for it
    kAwaited,   ///< the client must send it
    kStalled,   ///< the app is behind: the client need not send
    kHeldBack,  ///< not read for now: this worker's bodies take too much memory
    kWhole,     ///< all of it has come
    kAborted,   ///< nobody reads the rest
  };

  RequestReader(BlockPool& blocks, const HttpLimits& limits, WorkerSettings::HeaderMap header_map);

  // ---- Bytes. Between two requests and without a body, the head is at the front of the input.

  /// Received bytes that are not consumed yet.
  InputBuffer& input() { return in_; }
  const InputBuffer& input() const { return in_; }
  /// This many bytes were received into the input's space.
  void note_received(std::size_t count) {
    in_.added(count);
    bytes_in_ += count;
  }
  /// Whether there is room to read more. While the app has the request, its views may point into
  /// the input, which must not move then. What a client pipelines behind its request, and the body
  /// that nobody takes, wait in the kernel, not in a growing block.
  bool has_room_to_read() const { return may_move_input() || in_.room() != 0; }
  /// Where to read more, if there is room.
  iovec space_to_read() {
    if (may_move_input()) in_.space(kReadSizeMin);
    return {in_.tail(), in_.room()};
  }
  /// Between two requests: the input needs no memory while nothing comes.
  void release_if_idle() {
    if (in_.empty() && head_size_ == 0) in_.release();
  }
  /// Bytes of this request, its head included.
  std::uint64_t bytes_in() const { return bytes_in_; }
  /// Bytes of the next, pipelined request.
  std::size_t unread() const { return in_.size() - front_size(); }

  // ---- The head

  HttpParser::Progress read_head(std::uint64_t now_us);
  /// A byte of a request has come (leading empty lines do not count).
  bool has_begun() const { return parser_.started(); }
  /// When that byte came, in µs; 0: not yet.
  std::uint64_t received_us() const { return received_us_; }
  void set_received_us(std::uint64_t time) { received_us_ = time; }
  HttpParser& parser() { return parser_; }
  /// The request line of a refused head, for the log.
  std::string_view request_line() { return parser_.request_line(in_.data()); }
  /// The head is complete and will be served. A body that has arrived whole with it stays where it
  /// is. Otherwise the input holds the body from now on, and the head stays where the call's views
  /// point. The parser's request() may be swapped out afterwards.
  void begin_body();
  /// The body that has arrived whole with its head; "": there is none, or it is read piece by
  /// piece. It lives as long as the head.
  std::string_view body_in_place() {
    if (body_size_in_place_ == 0) return {};
    return {in_.data() + head_size_, body_size_in_place_};
  }
  std::string_view received_head() { return {head_data(), head_size_}; }

  // ---- The body

  Body body() const { return body_; }
  bool has_body() const { return body_ != Body::kNone; }
  bool body_is_whole() const { return body_ == Body::kNone || body_ == Body::kWhole; }
  /// The client must send it, even if we do not read it at this moment.
  bool awaits_body() const {
    return body_ == Body::kAwaited || body_ == Body::kStalled || body_ == Body::kHeldBack;
  }
  bool owes_continue() const { return continue_ == Continue::kOwed; }
  /// The app is called only when the body, or what has arrived of it, was read. An app that streams
  /// its bodies decides itself whether a client that waits for "100 Continue" is to send one.
  bool body_comes_first(bool is_streamed) const {
    return !body_is_whole() && !(is_streamed && owes_continue());
  }
  /// The app wants the body. True: the client waits for a 100 (Continue), which must be sent now.
  bool await_body(std::uint64_t now_us);
  void note_body_moved(std::uint64_t now_us) { body_moved_us_ = now_us; }
  void stall();
  void hold_back() { body_ = Body::kHeldBack; }
  /// Reads on after stall() or hold_back(). The time that others took is not held against the
  /// client.
  void read_on(std::uint64_t now_us);
  void stop_awaiting_body();
  /// The next bytes for the parser, at most 64 KiB.
  std::string_view next_piece();
  /// The parser has consumed such a piece.
  void note_parsed(HttpParser::Progress progress);
  /// For a body that is held back. `last_bytes`: set if the client will send no more (though it may
  /// still wait for its answer), and how many bytes are left to read; `length`: of the body, -1:
  /// not known.
  bool rest_will_not_come(std::optional<std::size_t> last_bytes, std::int64_t length) const {
    if (!last_bytes) return false;
    if (length < 0) return *last_bytes == 0;
    return bytes_in_ - head_size_ + *last_bytes < static_cast<std::uint64_t>(length);
  }

  /// Called with each sweep. `reads`: a read for the client's bytes is pending.
  void look_at_rate(const Deadlines& deadlines, bool reads, std::uint64_t now_us);
  /// Is the body too late, or too slow? To be called only while the client is being read from.
  bool body_is_late(const Deadlines& deadlines, std::uint64_t now_us) const;

  // ---- The end

  /// The app still looks at the request, so the request's bytes go to `view`.
  void leave_input_with(RequestView& view);
  /// Makes it ready for what is pipelined, or for the next bytes.
  void next_request();
  void release();

  /// The connection ends: what still comes is of no interest.
  void forget_request() { head_size_ = body_size_in_place_ = 0; }

 private:
  enum class Continue { kNone, kOwed };
  static constexpr std::size_t kReadSizeMin = 4 * 1024;

  bool may_move_input() const {
    const bool is_free = body_is_apart() && in_.empty();
    return head_size_ == 0 || is_free || !in_.has_block();
  }

  bool body_is_apart() const { return head_.has_block(); }
  char* head_data() { return body_is_apart() ? head_.data() : in_.data(); }
  /// Bytes at the front of the input to which the call's views point.
  std::size_t front_size() const { return body_is_apart() ? 0 : head_size_ + body_size_in_place_; }

  BlockPool& blocks_;
  HttpParser parser_;
  InputBuffer in_;
  InputBuffer head_;  ///< used while a body is read into in_
  std::size_t head_size_ = 0;
  std::size_t body_size_in_place_ = 0;
  Body body_ = Body::kNone;
  Continue continue_ = Continue::kNone;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t received_us_ = 0;
  std::uint64_t body_moved_us_ = 0;  ///< when the last byte of an awaited body came
  MinimumRate rate_;
};

/// The time over which a minimum rate is averaged, in µs.
inline std::uint64_t rate_window_us(milliseconds timeout) {
  return to_us(timeout.count() != 0 ? timeout : Deadlines::kRateWindow);
}

}  // namespace alicorn
