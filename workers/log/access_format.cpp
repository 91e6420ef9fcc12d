#include "workers/log/access_format.hpp"

#include "base/ascii.hpp"
#include "base/escape.hpp"
#include "workers/log/access_facts.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace alicorn {
namespace {

// In %(name)s: what stands before and after the name.
constexpr std::string_view kOpen = "%(";
constexpr std::string_view kClose = ")s";

struct AtomName {
  std::string_view name;
  AccessAtom atom;
};
constexpr AtomName kAtomNames[] = {
    {"h", AccessAtom::kRemoteAddress}, {"l", AccessAtom::kDash},
    {"u", AccessAtom::kUser},          {"t", AccessAtom::kTime},
    {"r", AccessAtom::kRequestLine},   {"m", AccessAtom::kMethod},
    {"U", AccessAtom::kPath},          {"q", AccessAtom::kQuery},
    {"H", AccessAtom::kProtocol},      {"s", AccessAtom::kStatus},
    {"B", AccessAtom::kBytesSent},     {"b", AccessAtom::kBytesSentOrDash},
    {"f", AccessAtom::kReferer},       {"a", AccessAtom::kUserAgent},
    {"T", AccessAtom::kSeconds},       {"L", AccessAtom::kDecimalSeconds},
    {"M", AccessAtom::kMilliseconds},  {"D", AccessAtom::kMicroseconds},
    {"p", AccessAtom::kPid},           {"id", AccessAtom::kRequestId},
    {"scheme", AccessAtom::kScheme},   {"in", AccessAtom::kBytesReceived},
    {"queue", AccessAtom::kQueueTime}, {"ttfb", AccessAtom::kFirstByteTime},
    {"cut", AccessAtom::kCut},
};

void append_or_dash(std::string& out, std::string_view value, std::size_t out_size_max) {
  append_escaped(out, value.empty() ? "-" : value, Escaping::kAscii, out_size_max);
}

/// The usual format does not quote the user's name, so a blank in the name would add a column.
void append_user(std::string& out, std::string_view user, std::size_t out_size_max) {
  constexpr std::string_view kBlank = "\\x20";
  if (user.empty()) append_or_dash(out, user, out_size_max);
  while (!user.empty()) {
    const std::size_t word_size = std::min(user.find(' '), user.size());
    if (!append_escaped(out, user.substr(0, word_size), Escaping::kAscii, out_size_max)) return;
    user.remove_prefix(word_size);
    if (user.empty()) return;
    if (out_size_max - out.size() < kBlank.size()) return;
    out.append(kBlank);
    user.remove_prefix(1);
  }
}

void append_request_line(std::string& out, const AccessRecord& record, std::size_t out_size_max) {
  if (!record.request_line.empty() || record.request == nullptr) {
    append_or_dash(out, record.request_line, out_size_max);
    return;
  }
  char buffer[16];
  const std::string_view version = protocol(record, buffer);
  const std::size_t target_end = out_size_max - version.size() - 2;
  append_escaped(out, record.request->method, Escaping::kAscii, target_end);
  out.push_back(' ');
  append_escaped(out, record.request->target, Escaping::kAscii, target_end + 1);
  out.push_back(' ');
  out.append(version);
}

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof(digits), number).ptr);
}

void append_decimal_seconds(std::string& out, std::uint64_t duration_us) {
  append_number(out, duration_us / 1'000'000);
  char fraction[] = ".000000";
  std::uint64_t rest = duration_us % 1'000'000;
  for (std::size_t i = 6; i > 0; --i, rest /= 10) fraction[i] = static_cast<char>('0' + rest % 10);
  out.append(fraction);
}

std::uint64_t not_negative(std::int64_t number) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(number, 0));
}

}  // namespace

Result<AccessFormat::Piece> AccessFormat::parse_atom(std::string_view name, std::size_t position) {
  const auto bad = [&](std::string_view what) {
    return fail("access log format: " + std::string(what) + " '" + std::string(kOpen) +
                std::string(name) + std::string(kClose) + "' at position " +
                std::to_string(position + 1));
  };
  if (!name.starts_with('{')) {
    const auto* const found =
        std::find_if(std::begin(kAtomNames), std::end(kAtomNames),
                     [name](const AtomName& candidate) { return candidate.name == name; });
    if (found == std::end(kAtomNames)) return bad("unknown atom");
    return Piece{.atom = found->atom};
  }
  const std::size_t close = name.find('}');
  if (close == std::string_view::npos) return bad("no closing brace in");
  Piece piece{.text = std::string(name.substr(1, close - 1))};
  if (piece.text.empty()) return bad("no name within the braces of");
  const std::string_view kind = name.substr(close + 1);
  if (kind == "o") piece.atom = Atom::kResponseField;
  if (kind == "e") piece.atom = Atom::kAnnotation;
  if (kind == "i") {
    piece.atom = Atom::kRequestField;
    make_lower(piece.text);
  }
  if (piece.atom == Atom::kLiteral) return bad("unknown atom");
  return piece;
}

void AccessFormat::add_literal(char byte) {
  if (pieces_.empty() || pieces_.back().atom != Atom::kLiteral) pieces_.emplace_back();
  pieces_.back().text.push_back(byte);
}

Result<AccessFormat> AccessFormat::parse(std::string_view format) {
  AccessFormat parsed;
  std::size_t at = 0;
  while (at < format.size()) {
    const std::string_view rest = format.substr(at);
    const std::string position = "' at position " + std::to_string(at + 1);
    if (rest[0] == '\n' || rest[0] == '\r' || rest[0] == '\0') {
      return fail("access log format: a line break or NUL at position " + std::to_string(at + 1));
    }
    if (rest[0] != '%' || rest.starts_with("%%")) {
      parsed.add_literal(rest[0]);
      at += rest[0] == '%' ? 2 : 1;
      continue;
    }
    if (!rest.starts_with(kOpen)) {
      return fail("access log format: '" + std::string(rest.substr(0, 2)) + position +
                  " is neither %(atom)s nor %%");
    }
    const std::size_t name_end = rest.find(')');
    if (name_end == std::string_view::npos || !rest.substr(name_end).starts_with(kClose)) {
      return fail("access log format: no ')s' ends the atom '" + std::string(rest.substr(0, 16)) +
                  position);
    }
    const std::string_view name = rest.substr(kOpen.size(), name_end - kOpen.size());
    Result<Piece> piece = parse_atom(name, at);
    if (!piece) return tl::unexpected(piece.error());
    parsed.pieces_.push_back(std::move(*piece));
    at += name_end + kClose.size();
  }
  return parsed;
}

void AccessFormat::append_text_atom(std::string& out, const Piece& piece,
                                    const AccessRecord& record, std::size_t out_size_max) {
  const HttpRequest* const request = record.request;
  const auto put = [&](std::string_view value) { append_or_dash(out, value, out_size_max); };
  const auto put_if_parsed = [&](std::string_view HttpRequest::*member) {
    put(request == nullptr ? std::string_view() : request->*member);
  };
  char user[256];
  char version[16];
  switch (piece.atom) {
    case Atom::kRemoteAddress:
      return put(record.remote_address);
    case Atom::kUser:
      return append_user(out, basic_auth_user(record, user), out_size_max);
    case Atom::kRequestLine:
      return append_request_line(out, record, out_size_max);
    case Atom::kMethod:
      return put_if_parsed(&HttpRequest::method);
    case Atom::kPath:
      return put_if_parsed(&HttpRequest::path);
    case Atom::kQuery:
      return put_if_parsed(&HttpRequest::query);
    case Atom::kProtocol:
      return put(protocol(record, version));
    case Atom::kReferer:
      return put(request_field(record, "referer"));
    case Atom::kUserAgent:
      return put(request_field(record, "user-agent"));
    case Atom::kRequestField:
      return put(request_field(record, piece.text));
    case Atom::kResponseField:
      return put(response_field(record, piece.text));
    case Atom::kAnnotation:
      return put(annotation(record, piece.text));
    case Atom::kRequestId:
      return put(record.request_id);
    case Atom::kScheme:
      return put(record.scheme);
    case Atom::kCut:
      return put(name_of(record.cut));
    default:
      return put({});
  }
}

bool AccessFormat::append_number_atom(std::string& out, Atom atom, const AccessRecord& record,
                                      pid_t pid) {
  const std::uint64_t duration_us = not_negative(record.duration_us);
  switch (atom) {
    case Atom::kStatus:
      append_number(out, not_negative(record.status));
      return true;
    case Atom::kBytesSentOrDash:
      if (record.body_bytes_sent == 0) return false;
      [[fallthrough]];
    case Atom::kBytesSent:
      append_number(out, record.body_bytes_sent);
      return true;
    case Atom::kSeconds:
      append_number(out, duration_us / 1'000'000);
      return true;
    case Atom::kDecimalSeconds:
      append_decimal_seconds(out, duration_us);
      return true;
    case Atom::kMilliseconds:
      append_number(out, duration_us / 1000);
      return true;
    case Atom::kMicroseconds:
      append_number(out, duration_us);
      return true;
    case Atom::kBytesReceived:
      append_number(out, record.bytes_received);
      return true;
    case Atom::kQueueTime:
      append_number(out, not_negative(record.queue_us));
      return true;
    case Atom::kFirstByteTime:
      append_number(out, not_negative(record.first_byte_us));
      return true;
    case Atom::kPid:
      out.push_back('<');
      append_number(out, not_negative(pid));
      out.push_back('>');
      return true;
    default:
      return false;
  }
}

void AccessFormat::append_line(std::string& out, const AccessRecord& record, const LogTime& time,
                               pid_t pid, std::size_t size_max) const {
  // Room for a number or a time that begins before the end, and for the mark.
  constexpr std::size_t kFixedMax = 40;
  constexpr std::string_view kCutMark = "...";
  const std::size_t end = out.size() + size_max - kFixedMax - kCutMark.size();
  const std::size_t value_max = size_max / 4;
  for (const Piece& piece : pieces_) {
    const std::size_t room = end - std::min(end, out.size());
    const std::string_view literal = piece.text;
    if (room == 0 || (piece.atom == Atom::kLiteral && literal.size() > room)) {
      out.append(kCutMark);
      return;
    }
    if (piece.atom == Atom::kLiteral) {
      out.append(literal);
    } else if (piece.atom == Atom::kTime) {
      out.append(time.common());
    } else if (!append_number_atom(out, piece.atom, record, pid)) {
      append_text_atom(out, piece, record, std::min(end, out.size() + value_max));
    }
  }
}

}  // namespace alicorn
