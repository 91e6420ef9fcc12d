#include "workers/log/access_format.hpp"

#include "base/ascii.hpp"
#include "base/escape.hpp"
#include "base/pieces.hpp"
#include "workers/log/access_facts.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

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
    {"cut", AccessAtom::kCut},         {"handed_over", AccessAtom::kHandedOver},
};

/// Whether the text can be added as it is.
bool fits_plain(const Pieces& out, std::string_view text, std::size_t out_size_max) {
  return out.size() + text.size() <= out_size_max && needs_no_escape(text, Escaping::kAscii);
}

void add_value(Pieces& out, std::string_view value, std::size_t out_size_max) {
  if (value.empty()) return out.add("-");
  if (fits_plain(out, value, out_size_max)) return out.add(value);
  append_escaped(out.target(), value, Escaping::kAscii, out_size_max);
}

/// The usual format does not quote the user's name, so a blank in the name would add a column.
void add_user(Pieces& pieces, std::string_view user, std::size_t out_size_max) {
  constexpr std::string_view kBlank = "\\x20";
  if (user.empty()) return add_value(pieces, user, out_size_max);
  std::string& out = pieces.target();
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

void add_request_line(Pieces& out, const AccessRecord& record, std::size_t out_size_max) {
  if (!record.request_line.empty() || record.request == nullptr) {
    return add_value(out, record.request_line, out_size_max);
  }
  char buffer[16];
  const std::string_view version = protocol(record, buffer);
  const std::size_t target_end = out_size_max - version.size() - 2;
  const auto add_escaped = [&out](std::string_view text, std::size_t end) {
    if (fits_plain(out, text, end)) return out.add(text);
    append_escaped(out.target(), text, Escaping::kAscii, end);
  };
  add_escaped(record.request->method, target_end);
  out.add(" ");
  add_escaped(record.request->target, target_end + 1);
  out.add(" ");
  out.add(version);
}

template <class Out>
void add_decimal_seconds(Out& out, std::uint64_t duration_us) {
  out.add(duration_us / 1'000'000);
  char fraction[] = ".000000";
  std::uint64_t rest = duration_us % 1'000'000;
  for (std::size_t i = 6; i > 0; --i, rest /= 10) fraction[i] = static_cast<char>('0' + rest % 10);
  for (const char byte : std::string_view(fraction)) out.add(byte);
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
    if (piece->atom == Atom::kDash) {
      parsed.add_literal('-');
    } else {
      parsed.pieces_.push_back(std::move(*piece));
    }
    at += name_end + kClose.size();
  }
  parsed.compile();
  return parsed;
}

void AccessFormat::compile() {
  Step step;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    if (pieces_[i].atom != Atom::kLiteral) {
      step.atom = pieces_[i].atom;
      step.piece = static_cast<std::uint32_t>(i);
      steps_.push_back(std::exchange(step, Step{}));
      continue;
    }
    for (const char byte : pieces_[i].text) {
      if (step.before.size == ShortLiteral::kCapacity)
        steps_.push_back(std::exchange(step, Step{}));
      step.before.bytes[step.before.size++] = byte;
    }
  }
  if (step.before.size != 0) steps_.push_back(step);
}

/// False: nothing was appended, because a value needs an escape or the line is long.
bool AccessFormat::append_plain_line(std::string& out, const AccessRecord& record,
                                     const LogTime& time, pid_t pid, std::size_t size_max) const {
  if (size_max < PlainLine::kSizeMin) return false;
  PlainLine line(size_max, size_max / 4);
  char buffer[16];
  for (const Step& step : steps_) {
    if (!line.has_room()) return false;
    line.add(step.before);
    if (step.atom == Atom::kLiteral) continue;
    if (step.atom >= kFirstNumber) {
      add_number_atom(line, step.atom, record, pid);
    } else if (step.atom == Atom::kTime) {
      line.add_fixed<LogTime::kCommonSize>(time.common().data());
    } else if (step.atom == Atom::kUser) {
      // A name is rare, and may have blanks.
      if (!request_field(record, "authorization").empty()) return false;
      line.add('-');
    } else if (step.atom == Atom::kRequestLine) {
      if (!record.request_line.empty() || record.request == nullptr) return false;
      const std::size_t size = record.request->method.size() + record.request->target.size();
      if (!line.may_be_as_long_as(size + sizeof buffer)) return false;
      if (!line.add_text(record.request->method)) return false;
      line.add(' ');
      if (!line.add_text(record.request->target)) return false;
      line.add(' ');
      if (!line.add_text(protocol(record, buffer))) return false;
    } else if (!line.add_value(text_of(pieces_[step.piece], record, buffer))) {
      return false;
    }
  }
  if (!line.has_room()) return false;
  out.append(line.text());
  return true;
}

/// Not of the two that are more than one value. "": it is not known.
std::string_view AccessFormat::text_of(const Piece& piece, const AccessRecord& record,
                                       char (&version)[16]) {
  const HttpRequest* const request = record.request;
  const auto if_parsed = [request](std::string_view HttpRequest::*member) {
    return request == nullptr ? std::string_view() : request->*member;
  };
  switch (piece.atom) {
    case Atom::kRemoteAddress:
      return record.remote_address;
    case Atom::kMethod:
      return if_parsed(&HttpRequest::method);
    case Atom::kPath:
      return if_parsed(&HttpRequest::path);
    case Atom::kQuery:
      return if_parsed(&HttpRequest::query);
    case Atom::kProtocol:
      return protocol(record, version);
    case Atom::kReferer:
      return request_field(record, "referer");
    case Atom::kUserAgent:
      return request_field(record, "user-agent");
    case Atom::kRequestField:
      return request_field(record, piece.text);
    case Atom::kResponseField:
      return response_field(record, piece.text);
    case Atom::kAnnotation:
      return annotation(record, piece.text);
    case Atom::kRequestId:
      return record.request_id;
    case Atom::kScheme:
      return record.scheme;
    case Atom::kCut:
      return name_of(record.cut);
    default:
      return {};
  }
}

void AccessFormat::add_text_atom(Pieces& out, const Piece& piece, const AccessRecord& record,
                                 std::size_t out_size_max) {
  char user[256];
  char version[16];
  switch (piece.atom) {
    case Atom::kUser:
      return add_user(out, basic_auth_user(record, user), out_size_max);
    case Atom::kRequestLine:
      return add_request_line(out, record, out_size_max);
    default:
      return add_value(out, text_of(piece, record, version), out_size_max);
  }
}

template <class Out>
void AccessFormat::add_number_atom(Out& out, Atom atom, const AccessRecord& record, pid_t pid) {
  const std::uint64_t duration_us = not_negative(record.duration_us);
  switch (atom) {
    case Atom::kStatus:
      return out.add(not_negative(record.status));
    case Atom::kBytesSentOrDash:
      if (record.body_bytes_sent == 0) return out.add('-');
      [[fallthrough]];
    case Atom::kBytesSent:
      return out.add(record.body_bytes_sent);
    case Atom::kSeconds:
      return out.add(duration_us / 1'000'000);
    case Atom::kDecimalSeconds:
      return add_decimal_seconds(out, duration_us);
    case Atom::kMilliseconds:
      return out.add(duration_us / 1000);
    case Atom::kMicroseconds:
      return out.add(duration_us);
    case Atom::kBytesReceived:
      return out.add(record.bytes_received);
    case Atom::kQueueTime:
      return out.add(not_negative(record.queue_us));
    case Atom::kHandedOver:
      return out.add(std::uint64_t{record.handed_over});
    case Atom::kFirstByteTime:
      return out.add(not_negative(record.first_byte_us));
    case Atom::kPid:
      out.add('<');
      out.add(not_negative(pid));
      return out.add('>');
    default:
      return;
  }
}

void AccessFormat::append_any_line(std::string& out, const AccessRecord& record,
                                   const LogTime& time, pid_t pid, std::size_t size_max) const {
  // Room for a number or a time that begins before the end, and for the mark.
  constexpr std::size_t kFixedMax = 40;
  constexpr std::string_view kCutMark = "...";
  const std::size_t end = out.size() + size_max - kFixedMax - kCutMark.size();
  const std::size_t value_max = size_max / 4;
  Pieces line(out);
  for (const Piece& piece : pieces_) {
    const std::size_t room = end - std::min(end, line.size());
    const std::string_view literal = piece.text;
    if (room == 0 || (piece.atom == Atom::kLiteral && literal.size() > room)) {
      line.add(kCutMark);
      break;
    }
    if (piece.atom == Atom::kLiteral) {
      line.add(literal);
    } else if (piece.atom == Atom::kTime) {
      line.add(time.common());
    } else if (piece.atom >= kFirstNumber) {
      add_number_atom(line, piece.atom, record, pid);
    } else {
      add_text_atom(line, piece, record, std::min(end, line.size() + value_max));
    }
  }
  line.flush();
}

}  // namespace alicorn
