// A client that works with bytes: it sends what it is given, reads one response at a time, and can
// misbehave in any way. In tests.
#pragma once

#include "base/address.hpp"
#include "base/unique_fd.hpp"
#include "tests/support/eventually.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alicorn::test {

struct Response {
  int status = 0;       ///< 0 if it is missing or incomplete: see `problem`
  std::string problem;  ///< "" for a complete response
  std::string head;     ///< as received
  std::vector<std::pair<std::string, std::string>> fields;  ///< names in lower case
  std::string body;
  std::vector<std::pair<std::string, std::string>> trailers;

  /// The value of the field (several values joined with ", "); "" if it is missing.
  std::string field(std::string_view name) const;
  bool has(std::string_view name) const;
};

enum class To { kOther, kHead };  ///< whether the request was a HEAD

class RawClient {
 public:
  /// With `receive_buffer` 0 the kernel chooses the size.
  explicit RawClient(const Address& address, int receive_buffer = 0);

  bool is_connected() const { return static_cast<bool>(socket_); }
  /// False: the server did not take everything within the limit, or has closed the connection.
  bool send(std::string_view bytes, milliseconds limit = kPatience);
  /// The next response, final or interim.
  Response read_response(To to = To::kOther, milliseconds limit = kPatience);
  Response request(std::string_view bytes) {
    send(bytes);
    return read_response();
  }
  /// For a body that does not fit in memory: call this for the head, then discard() for the body.
  Response read_head_alone(milliseconds limit = kPatience);
  std::uint64_t discard(std::uint64_t size, milliseconds limit = kPatience);
  /// True if the server closes the connection without sending anything.
  bool is_closed(milliseconds limit = kPatience);
  /// True if the bytes received so far start with this text.
  bool receives(std::string_view text, milliseconds limit = kPatience);
  /// Everything up to the close by the server.
  std::string read_to_end(milliseconds limit = kPatience);
  bool was_reset() const { return was_reset_; }

  void half_close();
  void close() { socket_.reset(); }
  /// Disappears without closing properly: the server sees a reset.
  void reset();

 private:
  enum class Read { kBytes, kEnd, kTimeout };
  Read read_some(MonotonicTime deadline);
  bool read_until(std::size_t size, MonotonicTime deadline, Response& response);
  bool read_line(std::size_t& line_end, std::size_t from, MonotonicTime deadline,
                 Response& response);
  bool read_head(Response& response, MonotonicTime deadline);
  bool read_body(Response& response, MonotonicTime deadline);
  bool read_chunks(Response& response, MonotonicTime deadline);

  UniqueFd socket_;
  std::string unread_;
  bool has_ended_ = false;
  bool was_reset_ = false;
};

/// "GET /path HTTP/1.1" with a Host and the fields, each "Name: value".
std::string get(std::string_view target, const std::vector<std::string>& fields = {});
/// The same for other methods. A body adds its Content-Length.
std::string request(std::string_view method, std::string_view target,
                    const std::vector<std::string>& fields, std::string_view body = {});

/// Begins an upload to the app `echo`. When this returns, the app has the request, because it has
/// asked for the body. The app keeps the request until finish_upload().
void begin_upload(RawClient& client, const std::vector<std::string>& fields = {});
Response finish_upload(RawClient& client);

/// Sends one request on a connection of its own.
Response ask(const Address& address, std::string_view bytes);

/// True if the kernel completes a handshake there, which happens at once or never.
bool takes_connections(const Address& address);

}  // namespace alicorn::test
