// The writing half of a connection: turns what the app gave, or an answer of our own, into bytes to
// send, and decides how the connection ends afterwards. Knows no socket. Worker, I/O thread.
#pragma once

#include "workers/app/answer.hpp"
#include "workers/http/own_fields.hpp"
#include "workers/http/response.hpp"
#include "workers/log/cut_reason.hpp"
#include "workers/net/output_queue.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <sys/uio.h>

namespace alicorn {

class ResponseWriter {
 public:
  enum class State {
    kOwed,      ///< nothing is queued: the answer can still be replaced
    kBegun,     ///< its head is queued, or has left
    kWhole,     ///< all of it is queued, or has left; a file may follow
    kCutShort,  ///< the missing part will never come
  };
  /// What becomes of the connection.
  enum class End {
    kKeep,    ///< the next request may come
    kClose,   ///< in order
    kLinger,  ///< in order, and what the client still sends is read: unread, it would become a
              ///< reset that destroys the answer on its way
    kReset,   ///< an orderly end would make a cut response look whole
  };

  /// They must outlive the writer.
  explicit ResponseWriter(const OwnFields& own_fields) : own_fields_(own_fields) {}

  State state() const { return state_; }
  bool has_begun() const { return state_ != State::kOwed; }
  /// Nothing more will be queued.
  bool is_done() const { return state_ == State::kWhole || state_ == State::kCutShort; }
  End end() const { return ends_by_close_ && state_ != State::kWhole ? End::kReset : end_; }
  /// The response ends when the connection does: until all of it has left, only a reset would tell
  /// the client that it is incomplete. (A unix socket has no reset.)
  bool ends_by_close() const { return ends_by_close_; }
  bool keeps_connection() const { return end_ == End::kKeep; }
  void do_not_keep() {
    if (end_ == End::kKeep) end_ = End::kClose;
  }
  /// The client is still sending what nobody will read.
  void linger() { end_ = End::kLinger; }

  // ---- What the app gave. In this order, for each look at the call:

  /// The call appends interim responses and the head to heads().copy_target(), and the body to
  /// body(). Returns where the new piece begins.
  std::size_t begin_piece() { return heads_.copy_target().size(); }
  struct Terms {
    bool client_keeps_alive;   ///< the client asked for it, and we do not object
    bool client_asked_for_it;  ///< whether or not we want it
    bool body_is_whole;        ///< the request's body
    std::uint16_t version_minor;
    bool is_logged;  ///< its fields may be used in the access log
  };
  /// Only if the head is new.
  void end_head(const Answer::Collected& collected, std::size_t piece_begin, const Terms& terms);
  void take(const Answer::Collected& collected, std::size_t piece_begin) {
    head_bytes_ += heads_.copy_target().size() - piece_begin;
    if (!collected.small_body.empty()) heads_.copy_target().append(collected.small_body);
    if (collected.stage == Answer::Stage::kComplete) state_ = State::kWhole;
  }
  /// Called after a file's bytes, if any, were appended to heads().copy_target().
  void finish_piece() {
    heads_.copied();
    if (!body_.empty() && body_.size() <= Answer::kSmallBodyMax) copy_body_behind_heads();
  }

  // ---- Answers of our own

  struct OwnAnswer {
    int status;
    bool keep_alive;
    bool to_head;
    std::uint16_t version_minor;
  };
  void answer(const OwnAnswer& own);
  void append_continue();
  /// For a response that has begun: no more of it will come.
  void cut_short(CutReason reason);

  // ---- Bytes

  OutputQueue& heads() { return heads_; }  ///< heads, and small bodies that are copied behind them
  const OutputQueue& heads() const { return heads_; }
  OutputQueue& body() { return body_; }
  const OutputQueue& body() const { return body_; }
  bool has_queued() const { return !heads_.empty() || !body_.empty(); }
  int gather(iovec* vectors, int capacity) const {
    const int count = heads_.gather(vectors, capacity);
    return body_.empty() ? count : count + body_.gather(vectors + count, capacity - count);
  }
  void note_sent(std::size_t count) {  ///< sent from the two queues
    const std::size_t of_heads = std::min(heads_.size(), count);
    heads_.consume(of_heads);
    if (count != of_heads) body_.consume(count - of_heads);
    sent_bytes_ += count;
  }
  void note_sent_file(std::uint64_t count) { sent_bytes_ += count; }
  std::uint64_t sent_bytes() const { return sent_bytes_; }  ///< of this response, heads included

  // ---- What the logs tell

  int status() const { return status_; }
  bool is_own_answer() const { return is_own_; }
  /// The first reason is kept: later ones follow from it.
  void note_cut(CutReason reason) {
    if (cut_ == CutReason::kNone) cut_ = reason;
  }
  CutReason cut() const { return cut_; }
  std::uint64_t own_body_size() const { return own_body_size_; }
  /// Bytes sent, of the body and its framing.
  std::uint64_t body_bytes_sent() const {
    return sent_bytes_ > head_bytes_ ? sent_bytes_ - head_bytes_ : 0;
  }
  std::string& logged_head() { return logged_head_; }

  void next_request();
  void clear();           ///< drops what is queued
  void release_memory();  ///< only if nothing is queued

 private:
  void copy_body_behind_heads();

  const OwnFields& own_fields_;
  OutputQueue heads_, body_;
  State state_ = State::kOwed;
  End end_ = End::kClose;
  bool ends_by_close_ = false;
  bool is_own_ = false;
  CutReason cut_ = CutReason::kNone;
  int status_ = 0;
  std::uint64_t own_body_size_ = 0;
  std::uint64_t head_bytes_ = 0;  ///< queued
  std::uint64_t sent_bytes_ = 0;  ///< all bytes sent
  std::string logged_head_;
};

}  // namespace alicorn
