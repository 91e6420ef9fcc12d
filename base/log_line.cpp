#include "base/log_line.hpp"

#include "base/escape.hpp"

#include <algorithm>
#include <iterator>

namespace alicorn::log {
namespace {

bool is_own_member(std::string_view key) {
  constexpr std::string_view kOwnMembers[] = {"time", "level", "pid", "process", "message"};
  return std::find(std::begin(kOwnMembers), std::end(kOwnMembers), key) != std::end(kOwnMembers);
}

bool needs_quotes(std::string_view text) {
  return text.empty() || std::any_of(text.begin(), text.end(), [](char byte) {
           return static_cast<unsigned char>(byte) <= ' ' || byte == '"' || byte == '=' ||
                  byte == '\\' || byte == 0x7f;
         });
}

void append_word(std::string& out, std::string_view text, std::size_t out_size_max) {
  if (!needs_quotes(text)) {
    append_escaped(out, text, Escaping::kText, out_size_max);
    return;
  }
  out.push_back('"');
  append_escaped(out, text, Escaping::kQuoted, std::max(out.size(), out_size_max - 1));
  out.push_back('"');
}

void append_json_string(std::string& out, std::string_view text, std::size_t out_size_max) {
  out.push_back('"');
  append_escaped(out, text, Escaping::kJson, std::max(out.size(), out_size_max - 1));
  out.push_back('"');
}

void append_field(std::string& out, Format format, const Field& field, std::size_t out_size_max) {
  constexpr std::size_t kKeyMax = 64;
  std::string key = is_own_member(field.key) ? "field_" : "";
  key.append(field.key.substr(0, kKeyMax));
  if (format == Format::kText) {
    out.push_back(' ');
    append_word(out, key, std::string::npos);
    out.push_back('=');
    append_word(out, field.value, out_size_max);
  } else {
    out.push_back(',');
    append_json_string(out, key, std::string::npos);
    out.push_back(':');
    append_json_string(out, field.value, out_size_max);
  }
}

/// Renders all fields, or as many as fit followed by a mark.
std::string render_fields(Format format, const Field* fields, std::size_t field_count,
                          std::size_t size_max) {
  constexpr std::string_view kTextMark = " ...";
  constexpr std::string_view kJsonMark = R"(,"...":"...")";
  std::string out;
  for (std::size_t i = 0; i < field_count; ++i) {
    const std::size_t whole_before = out.size();
    append_field(out, format, fields[i], size_max - kJsonMark.size());
    if (out.size() <= size_max - kJsonMark.size()) continue;
    out.resize(whole_before);
    out.append(format == Format::kText ? kTextMark : kJsonMark);
    break;
  }
  return out;
}

}  // namespace

std::string render_line(Format format, std::string_view message, const Field* fields,
                        std::size_t field_count, std::size_t size_max) {
  // Render the fields first: a long message must not push the request's id out of the line.
  const std::string tail = render_fields(format, fields, field_count, size_max / 2);
  std::string line;
  if (format == Format::kText) {
    append_escaped(line, message, Escaping::kText, size_max - tail.size());
  } else {
    line = R"("message":)";
    append_json_string(line, message, size_max - tail.size());
  }
  return line + tail;
}

}  // namespace alicorn::log
