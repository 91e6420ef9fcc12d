// Brings a client's bytes to a RequestReader, and passes a body on to the call: whole, ahead of a
// streaming app, or only as fast as the app takes it. Worker, I/O thread.
#pragma once

#include "workers/app/app_call.hpp"
#include "workers/connection/last_word.hpp"
#include "workers/connection/request_reader.hpp"
#include "workers/http/parser.hpp"
#include "workers/net/client_socket.hpp"

namespace alicorn {

class RequestReceiver {
 public:
  /// `word` is told where a pending read puts its bytes.
  RequestReceiver(ClientSocket& socket, RequestReader& reader, LastWord& word)
      : socket_(socket), reader_(reader), word_(word) {}

  enum class Came {
    kNothing,  ///< or the read is still pending
    kBytes,
    kEnd,   ///< the client has ended its side
    kLoss,  ///< the connection broke
  };
  /// What the last read has brought.
  Came take_read();
  /// Reads more of a request.
  void start_read();
  /// Waits until something comes, without reading it and without a buffer.
  void start_wait();

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
