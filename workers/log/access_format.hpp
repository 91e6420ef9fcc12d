// The access log's format, parsed once into pieces: literal text and Gunicorn's atoms. Worker, I/O
// thread.
//
//   h remote address   l -                 u basic-auth user    t [local time]        r request
//   line m method           U path              q query              H protocol            s status
//   B body bytes sent  b the same, 0 is -  f referer            a user agent          p <pid>
//   T whole seconds    L decimal seconds   M milliseconds       D microseconds
//   {name}i request field   {name}o response field   {name}e annotation of the app
// and ours:
//   id request id      scheme http, https  in bytes received    queue, ttfb: microseconds until an
//   app thread took
//                                                                it, until the response's first
//                                                                byte
// Each is written %(atom)s, a percent sign %%. What is not known is "-".
#pragma once

#include "base/result.hpp"
#include "workers/log/access_log.hpp"
#include "workers/log/log_time.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace alicorn {

enum class AccessAtom {
  kLiteral,
  kRemoteAddress,
  kDash,
  kUser,
  kTime,
  kRequestLine,
  kMethod,
  kPath,
  kQuery,
  kProtocol,
  kStatus,
  kBytesSent,
  kBytesSentOrDash,
  kReferer,
  kUserAgent,
  kSeconds,
  kDecimalSeconds,
  kMilliseconds,
  kMicroseconds,
  kPid,
  kRequestField,
  kResponseField,
  kAnnotation,
  kRequestId,
  kScheme,
  kCut,
  kBytesReceived,
  kQueueTime,
  kFirstByteTime,
};

class AccessFormat {
 public:
  /// An Error names the unknown atom and its position.
  static Result<AccessFormat> parse(std::string_view format);

  /// No line end. At most `size_max` bytes, of which one value takes a quarter; what is longer is
  /// cut with "...".
  void append_line(std::string& out, const AccessRecord& record, const LogTime& time, pid_t pid,
                   std::size_t size_max) const;

 private:
  using Atom = AccessAtom;
  struct Piece {
    Atom atom = Atom::kLiteral;
    std::string text{};  ///< of a literal, or the name in braces
  };
  static Result<Piece> parse_atom(std::string_view name, std::size_t position);
  void add_literal(char byte);
  static void append_text_atom(std::string& out, const Piece& piece, const AccessRecord& record,
                               std::size_t out_size_max);
  /// Also those of a fixed size. False: it is another one.
  static bool append_number_atom(std::string& out, Atom atom, const AccessRecord& record,
                                 pid_t pid);

  std::vector<Piece> pieces_;
};

}  // namespace alicorn
