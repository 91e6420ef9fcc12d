// HTTP/1 requests from bytes: a head, then its body, again and again. The interface to the readers.
// Plain functions of bytes, no sockets. Worker, I/O thread.
#pragma once

#include "workers/contract/settings.hpp"
#include "workers/http/body_reader.hpp"
#include "workers/http/field_block.hpp"
#include "workers/http/head_reader.hpp"
#include "workers/http/progress.hpp"
#include "workers/http/request.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace alicorn {

class HttpParser {
 public:
  /// kComplete: the head, or the body with its trailers, has ended. kRejected: see status() and
  /// reason(); the connection must close after the answer.
  using Progress = ReadProgress;

  /// The version of llhttp that is linked: "9.2.1".
  static std::string_view llhttp_version() { return FieldBlock::llhttp_version(); }

  /// The limits must outlive the parser.
  HttpParser(const HttpLimits& limits, WorkerSettings::HeaderMap header_map);

  /// Makes it ready for the first byte of the next request. Keeps its memory.
  void reset();

  /// `bytes`: everything received of this request so far, from its first byte. What was seen before
  /// is not parsed again, and the buffer may have moved (because it grew) since the last call.
  /// Changes field names to lower case in place. On kComplete request() holds views into this
  /// buffer, and consumed() is the head's size; the rest is the body or the next request.
  Progress parse_head(char* bytes, std::size_t size);

  /// After a head whose request().has_body(): reads the next bytes of the body and appends the
  /// decoded body to `out`. consumed(): how many of these bytes belong to the body; all of them
  /// unless kComplete or kRejected. Enforces the limit on a chunked body (413); parse_head()
  /// enforces it on a length.
  Progress parse_body(const char* bytes, std::size_t size, std::string& out);

  std::size_t consumed() const { return consumed_; }
  HttpRequest& request() { return *request_; }
  /// Once the head is complete, hands it over in exchange for another object, whose memory serves
  /// the next request. The parser needs only its own facts for the body.
  void swap_request(std::unique_ptr<HttpRequest>& other) { request_.swap(other); }
  /// A byte of a request has been seen (leading empty lines do not count), so a timeout owes a 408.
  bool started() const { return head_.started(); }
  /// After a rejection: 400, 405, 413..., and a short reason for the log, which contains no bytes
  /// from the client.
  int status() const { return rejection_.status; }
  std::string_view reason() const { return rejection_.reason; }
  /// The request line of a rejected head as far as it was read, as raw bytes for the access log (""
  /// if none). `bytes`: where the head is now.
  std::string_view request_line(const char* bytes) const { return head_.request_line(bytes); }

 private:
  FieldBlock block_;
  HeadReader head_;
  BodyReader body_;
  std::unique_ptr<HttpRequest> request_ = std::make_unique<HttpRequest>();
  std::size_t consumed_ = 0;
  Rejection rejection_;
};

}  // namespace alicorn
