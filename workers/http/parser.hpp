// HTTP/1 requests from bytes: llhttp, the limits, and every check that llhttp leaves to its user.
// Plain functions of bytes, no sockets. Worker, I/O thread.
#pragma once

#include "workers/contract/settings.hpp"
#include "workers/http/request.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace alicorn {

struct HttpMachine;  // private to http_parser*.cpp

class HttpParser {
 public:
  enum class Progress {
    kNeedMore,
    kComplete,  ///< the head, or the body with its trailers, ended
    kRejected,  ///< see status() and reason(); the connection must close after the answer
  };

  /// Of the llhttp that is linked: "9.2.1".
  static std::string_view llhttp_version();

  /// The limits must outlive it.
  HttpParser(const HttpLimits& limits, WorkerSettings::HeaderMap header_map);
  ~HttpParser();
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;

  /// Ready for the first byte of a next request. Keeps its memory.
  void reset();

  /// `bytes`: everything received of this request so far, from its first byte; what was seen before
  /// is not parsed again, and the buffer may have moved (been grown) since the last call. Field
  /// names are lowered in place. On kComplete request() holds views into this buffer, and
  /// consumed() is the head's size; the rest is body or a next request.
  Progress parse_head(char* bytes, std::size_t size);

  /// After a head whose request().has_body(): the next bytes of the body. Appends the decoded body
  /// to `out`. consumed(): how many of these bytes belong to the body; all of them unless kComplete
  /// or kRejected. The limit on the body is enforced (413).
  Progress parse_body(const char* bytes, std::size_t size, std::string& out);

  std::size_t consumed() const { return consumed_; }
  /// May be swapped out once the head is complete: the body is parsed by the parser's own facts.
  HttpRequest& request() { return request_; }
  /// A byte of a request has been seen (leading empty lines do not count): a timeout owes a 408.
  bool started() const;
  /// Of a rejection: 400, 405, 408..., and a short reason for the log that holds no bytes of the
  /// client.
  int status() const { return status_; }
  std::string_view reason() const { return reason_; }
  /// The request line of a rejected head as far as it was read, for the access log ("" if none):
  /// raw bytes.
  /// `bytes`: the head, where it is now.
  std::string_view request_line(const char* bytes) const;

 private:
  Progress read_request_line(const char* bytes, std::size_t size);
  Progress read_fields(char* bytes, std::size_t size);
  Progress finish_head(const char* bytes);
  void describe(const char* bytes);
  Progress read_chunks(const char* bytes, std::size_t size, std::string& out);
  Progress read_size_line(const char* bytes, std::size_t size);
  Progress read_trailers(const char* bytes, std::size_t size);
  Progress reject(int status, std::string_view reason);

  std::unique_ptr<HttpMachine> machine_;
  HttpRequest request_;
  std::size_t consumed_ = 0;
  int status_ = 0;
  std::string_view reason_;
};

}  // namespace alicorn
