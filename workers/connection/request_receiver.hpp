// Brings a client's bytes to a RequestReader, and passes a body on to the call: whole, ahead of a
// streaming app, or only as fast as the app takes it. Worker, I/O thread.
#pragma once

#include "base/clock.hpp"
#include "base/invariant.hpp"
#include "workers/app/app_call.hpp"
#include "workers/connection/last_word.hpp"
#include "workers/connection/request_reader.hpp"
#include "workers/http/parser.hpp"
#include "workers/net/client_socket.hpp"

#include <cstddef>

namespace alicorn {

class RequestReceiver {
 public:
  /// `word` is told where a read puts its bytes.
  RequestReceiver(ClientSocket& socket, RequestReader& reader, LastWord& word)
      : socket_(socket), reader_(reader), word_(word) {}

  enum class Came {
    kNothing,  ///< or the read is still pending
    kBytes,
    kEnd,   ///< the client has ended its side
    kLoss,  ///< the connection broke
  };
  /// What the last read has brought.
  Came take_read() {
    if (!socket_.has_read()) return Came::kNothing;
    word_.note_read(nullptr);
    std::size_t count = 0;
    switch (socket_.take_read(count)) {
      case ClientSocket::ReadEnd::kData:
        reader_.note_received(count);
        if (reader_.awaits_body()) reader_.note_body_moved(to_us(now()));
        return Came::kBytes;
      case ClientSocket::ReadEnd::kEof:
        has_ended_ = true;
        return Came::kEnd;
      case ClientSocket::ReadEnd::kError:
        return Came::kLoss;
      case ClientSocket::ReadEnd::kNone:
        break;
    }
    return Came::kNothing;
  }
  /// Reads more of a request. While nothing comes, an idle client costs no memory for it.
  void start_read() {
    if (!socket_.may_be_readable()) reader_.release_if_idle();
    socket_.start_read();
  }
  iovec read_space() {
    const iovec space = reader_.space_to_read();
    ensure(space.iov_len != 0, "there is room for what is read");
    word_.note_read(static_cast<char*>(space.iov_base));
    return space;
  }
  void on_nothing_read() {
    word_.note_read(nullptr);
    reader_.release_if_idle();
  }

  /// The client has ended its side.
  bool has_ended() const { return has_ended_; }
  void restart() { has_ended_ = false; }

  /// Passes received bytes of the body on.
  HttpParser::Progress pump(AppCall& call);
  /// Before a streaming app starts: passes on what has arrived of the body. An app that finds all
  /// of it there need not wait, and waiting costs a switch of threads.
  HttpParser::Progress prefetch(AppCall& call);
  /// While the app takes its time: is the client still there, and does it send more of the body?
  void watch(AppCall& call);

 private:
  ClientSocket& socket_;
  RequestReader& reader_;
  LastWord& word_;
  bool has_ended_ = false;
};

}  // namespace alicorn
