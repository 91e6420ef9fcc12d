// The access log's format, parsed once into pieces: literal text and Gunicorn's atoms. Worker, I/O
// thread.
//
//   h remote address   l -                 u basic-auth user   t [local time]   r request line
//   m method           U path              q query             H protocol       s status
//   B body bytes sent  b the same, 0 is -  f referer           a user agent     p <pid>
//   T whole seconds    L decimal seconds   M milliseconds      D microseconds
//   {name}i request field   {name}o response field   {name}e annotation of the app
// Our own atoms:
//   id request id   scheme http, https   cut why the response was cut   in bytes received
//   queue microseconds until an app thread took the request
//   ttfb  microseconds until the first byte of the response
//   handed_over  how often the request went to another worker while it waited for a thread
// Each atom is written %(atom)s, a percent sign is %%. An unknown value is "-".
#pragma once

#include "base/result.hpp"
#include "workers/log/access_log.hpp"
#include "workers/log/log_time.hpp"
#include "workers/log/plain_line.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace alicorn {

class Pieces;

enum class AccessAtom {
  kLiteral,
  kDash,
  kTime,
  // Text.
  kRemoteAddress,
  kUser,
  kRequestLine,
  kMethod,
  kPath,
  kQuery,
  kProtocol,
  kReferer,
  kUserAgent,
  kRequestField,
  kResponseField,
  kAnnotation,
  kRequestId,
  kScheme,
  kCut,
  // Numbers, of a limited size: they need no check for room.
  kStatus,
  kBytesSent,
  kBytesSentOrDash,
  kSeconds,
  kDecimalSeconds,
  kMilliseconds,
  kMicroseconds,
  kPid,
  kBytesReceived,
  kQueueTime,
  kFirstByteTime,
  kHandedOver,
};

class AccessFormat {
 public:
  /// The Error names the unknown atom and its position.
  static Result<AccessFormat> parse(std::string_view format);

  /// Does a line have such a value?
  bool has(AccessAtom atom) const {
    return std::any_of(pieces_.begin(), pieces_.end(),
                       [atom](const Piece& piece) { return piece.atom == atom; });
  }
  /// Appends a line without a line end. The line has at most `size_max` bytes, and one value at
  /// most a quarter of that. Longer text is cut with "...".
  void append_line(std::string& out, const AccessRecord& record, const LogTime& time, pid_t pid,
                   std::size_t size_max) const {
    if (append_plain_line(out, record, time, pid, size_max)) return;
    append_any_line(out, record, time, pid, size_max);
  }
  /// The same, for values that need escapes or do not fit. For other lines it is slower.
  void append_any_line(std::string& out, const AccessRecord& record, const LogTime& time, pid_t pid,
                       std::size_t size_max) const;

 private:
  using Atom = AccessAtom;
  static constexpr Atom kFirstNumber = Atom::kStatus;
  struct Piece {
    Atom atom = Atom::kLiteral;
    std::string text{};  ///< the literal, or the name in braces
  };
  /// One piece as the usual line needs it, with the literal text before it.
  struct Step {
    ShortLiteral before;
    Atom atom = Atom::kLiteral;
    std::uint32_t piece = 0;  ///< index
  };
  static Result<Piece> parse_atom(std::string_view name, std::size_t position);
  void add_literal(char byte);
  void compile();
  bool append_plain_line(std::string& out, const AccessRecord& record, const LogTime& time,
                         pid_t pid, std::size_t size_max) const;
  static std::string_view text_of(const Piece& piece, const AccessRecord& record,
                                  char (&version)[16]);
  static void add_text_atom(Pieces& out, const Piece& piece, const AccessRecord& record,
                            std::size_t out_size_max);
  template <class Out>
  static void add_number_atom(Out& out, Atom atom, const AccessRecord& record, pid_t pid);

  std::vector<Piece> pieces_;
  std::vector<Step> steps_;  ///< the same
};

}  // namespace alicorn
