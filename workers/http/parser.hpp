// HTTP/1 requests from bytes: a head, then its body, again and again. The face of the readers.
// Plain functions of bytes, no sockets. Worker, I/O thread.
#pragma once

#include "workers/contract/settings.hpp"
#include "workers/http/body_reader.hpp"
#include "workers/http/field_block.hpp"
#include "workers/http/head_reader.hpp"
#include "workers/http/progress.hpp"
#include "workers/http/request.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace alicorn {

class HttpParser {
 public:
  /// kComplete: the head, or the body with its trailers, ended. kRejected: see status() and
  /// reason(); the connection must close after the answer.
  using Progress = ReadProgress;

  /// The version of llhttp that is linked: "9.2.1".
  static std::string_view llhttp_version() { return FieldBlock::llhttp_version(); }

  /// The limits must outlive it.
  HttpParser(const HttpLimits& limits, WorkerSettings::HeaderMap header_map);

  /// Ready for the first byte of a next request. Keeps its memory.
  void reset();

  /// `bytes`: everything received of this request so far, from its first byte; what was seen before
  /// is not parsed again, and the buffer may have moved (been grown) since the last call. Field
  /// names are lowered in place. On kComplete request() holds views into this buffer, and
  /// consumed() is the head's size; the rest is body or a next request.
  Progress parse_head(char* bytes, std::size_t size);

  /// After a head whose request().has_body(): the next bytes of the body. Appends the decoded body
  /// to `out`. consumed(): how many of these bytes belong to the body; all of them unless kComplete
  /// or kRejected. Enforces the limit on a chunked body (413); parse_head() does for a length.
  Progress parse_body(const char* bytes, std::size_t size, std::string& out);

  std::size_t consumed() const { return consumed_; }
  /// May be swapped out once the head is complete: the body is parsed by the parser's own facts.
  HttpRequest& request() { return request_; }
  /// A byte of a request has been seen (leading empty lines do not count): a timeout owes a 408.
  bool started() const { return head_.started(); }
  /// After a rejection: 400, 405, 413..., and a short reason for the log that holds no bytes of the
  /// client.
  int status() const { return rejection_.status; }
  std::string_view reason() const { return rejection_.reason; }
  /// The request line of a rejected head as far as it was read, for the access log ("" if none):
  /// raw bytes. `bytes`: the head, where it is now.
  std::string_view request_line(const char* bytes) const { return head_.request_line(bytes); }

 private:
  FieldBlock block_;
  HeadReader head_;
  BodyReader body_;
  HttpRequest request_;
  std::size_t consumed_ = 0;
  Rejection rejection_;
};

}  // namespace alicorn
