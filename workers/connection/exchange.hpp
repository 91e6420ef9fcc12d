// What belongs to one request and its response, and to no protocol: whose it is, when it came,
// which call handles it, and what is logged about it. Worker, I/O thread.
#pragma once

#include "workers/app/app_call.hpp"
#include "workers/connection/connection_context.hpp"
#include "workers/connection/request_reader.hpp"
#include "workers/connection/response_writer.hpp"
#include "workers/http/request.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <netinet/in.h>

namespace alicorn {

/// No address is longer, so none needs memory later: a client that comes from another worker must
/// not fail any more.
inline std::string with_room_for_ip() {
  std::string text;
  text.reserve(INET6_ADDRSTRLEN);
  return text;
}

/// The two ends of a connection.
struct ConnectionEnds {
  Address peer, local;
  std::string peer_ip = with_room_for_ip(), local_ip = with_room_for_ip();
  bool peer_is_trusted = false;  ///< a proxy whose fields about the client are trusted

  void set(const Address& new_peer, const Address& new_local, const ForwardedTrust& trust);
};

class Exchange {
 public:
  /// Both must outlive the exchange.
  Exchange(ConnectionContext& context, const ConnectionEnds& ends)
      : context_(context), ends_(ends) {}

  /// Takes the parsed request and finds out who the client is. False: the fields that say so
  /// contradict each other.
  bool open(const HttpRequest& request) {
    if (ends_.peer_is_trusted) {
      client_ = context_.trust.identify(request, ends_.peer_ip, ends_.peer.port());
    } else {
      client_ = ClientIdentity();
      client_.address = ends_.peer_ip;
      client_.port = ends_.peer.port();
    }
    return !client_.conflicting;
  }
  /// Hands the request over that open() was given, and fills in what the app sees beyond it.
  /// `reader`: has read it.
  void describe_to(AppCall& call, CallClient& client, RequestReader& reader, std::uint64_t now_us);

  std::int32_t method_id() const { return method_id_; }
  bool is_head() const { return method_id_ == ALICORN_METHOD_HEAD; }
  std::uint16_t version_minor() const { return version_minor_; }
  bool client_keeps_alive() const { return client_keeps_alive_; }
  /// For a request that is refused before a call has it.
  void note_method(std::int32_t id) { method_id_ = id; }
  /// The response's first byte has left.
  void note_first_byte(std::uint64_t time) { first_byte_us_ = time; }

  // The logs. `call`: null if no call has the request.

  void log_refusal(AppCall* call, int status, std::string_view reason);
  /// Logs a cut of a response that had begun to leave, if no other log line reports it.
  void log_cut(AppCall& call, const ResponseWriter& response, std::uint64_t now_us);
  struct Received {
    std::string_view request_line;  ///< if no call has the request
    std::uint64_t bytes;
    std::uint64_t since_us;  ///< when the head's first byte came
    std::uint32_t moves;     ///< how often the request has changed hands
  };
  void log_access(AppCall* call, const Received& received, ResponseWriter& response,
                  std::uint64_t now_us) {
    if (context_.access_log.enabled()) write_access(call, received, response, now_us);
  }

  void next_request();
  /// Another client's connection.
  void begin_connection() {
    connection_ = ++context_.last_connection;
    requests_ = 0;
  }

 private:
  void write_access(AppCall* call, const Received& received, ResponseWriter& response,
                    std::uint64_t now_us);

  ConnectionContext& context_;
  const ConnectionEnds& ends_;
  ClientIdentity client_;       ///< after trusted forwarding
  std::string_view client_ip_;  ///< "": the peer's
  std::int32_t method_id_ = 0;
  std::uint16_t version_minor_ = 1;
  bool client_keeps_alive_ = false;
  std::uint64_t first_byte_us_ = 0;
  std::uint64_t connection_ = 0;
  std::uint64_t requests_ = 0;  ///< that came on it
};

}  // namespace alicorn
