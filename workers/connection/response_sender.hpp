// Sends what a ResponseWriter has queued, and the file behind it, as fast as the client takes it.
// Also keeps the last word, for a crash, up to date. Worker, I/O thread.
#pragma once

#include "workers/app/file_body.hpp"
#include "workers/connection/bulk_watch.hpp"
#include "workers/connection/last_word.hpp"
#include "workers/connection/response_writer.hpp"
#include "workers/connection/write_pace.hpp"
#include "workers/contract/settings.hpp"
#include "workers/net/client_socket.hpp"

#include <cstdint>
#include <optional>

namespace alicorn {

class ResponseSender {
 public:
  enum class Sent {
    kAll,
    kBlocked,   ///< the owner is notified: the client takes more, or a file piece is sent
    kGone,      ///< the client has gone
    kFileLost,  ///< the file was truncated, or cannot be read
  };

  /// `owner` is notified when a helper has sent a piece of the file.
  ResponseSender(ClientSocket& socket, SocketOwner& owner, DiskHelpers& helpers, bool use_sendfile,
                 ResponseWriter& writer)
      : socket_(socket),
        writer_(writer),
        last_word_(writer.heads()),
        file_(socket, owner, helpers, use_sendfile) {}

  LastWord& last_word() { return last_word_; }
  FileBody& file() { return file_; }
  bool has_something() const { return writer_.has_queued() || !file_.empty(); }
  /// Nothing is queued behind the heads.
  bool has_no_body() const { return writer_.body().empty() && file_.empty(); }

  /// Sends on until the client takes no more, or has had its share of this turn.
  Sent flush();
  /// Called once in each turn of the connection.
  void begin_turn() { sent_in_turn_ = 0; }
  bool has_sent_in_turn() const { return sent_in_turn_ != 0; }
  /// Updates what the client gets in a crash, as long as nothing of the answer has left.
  /// `received_us`: 0: no request has begun.
  void renew_last_word(std::uint64_t received_us, bool to_head) {
    if (writer_.has_begun()) return;
    if (received_us == 0) return last_word_.await_request(socket_.fd());
    last_word_.promise(socket_.fd(), to_head);
  }

  /// For a new client.
  void restart() {
    pace_.note_moved();
    begin_turn();
  }
  void next_request() {
    pace_.next_request();
    socket_.set_bulk(false);
    bulk_.next_request();
  }
  /// Whether much is being sent, so that others come first.
  bool is_bulk(std::uint64_t now_us) {
    if (socket_.is_bulk() && bulk_.is_over(now_us)) socket_.set_bulk(false);
    return socket_.is_bulk();
  }
  bool is_blocked() const { return pace_.is_blocked(); }
  /// Called with each sweep: returns why a client that is too slow must be cut off.
  std::optional<CutReason> find_slow_reader(const Deadlines& deadlines, std::uint64_t now_us);

 private:
  Sent send_file();
  void note_sent(std::uint64_t count);
  void await_room();
  void await_turn();

  ClientSocket& socket_;
  ResponseWriter& writer_;
  LastWord last_word_;
  FileBody file_;
  WritePace pace_;
  std::uint64_t sent_in_turn_ = 0;
  BulkWatch bulk_;
};

}  // namespace alicorn
