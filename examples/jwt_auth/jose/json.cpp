#include "jose/json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace jwt_auth {
namespace {

namespace json = boost::json;

/// Sees a whole text and puts the parts to keep on its stack. Builds the value as Boost's own
/// handler does, but with exact floats and with a limit on the members of all objects together.
class Builder {
 public:
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();
  using Error = json::error_code;
  using Text = json::string_view;

  /// `names`: keep only the outermost members with these names; null: keep everything.
  Builder(std::size_t members_max, const std::span<const std::string_view>* names)
      : names_(names), members_max_(members_max) {
    stack_.reset();
  }

  std::size_t members() const { return members_; }
  json::value release() { return stack_.release(); }

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) { return open(Outermost::kObject); }
  bool on_object_end(std::size_t count, Error&) {
    close();
    if (keeps_all()) {
      stack_.push_object(count);
    } else if (keeps()) {
      stack_.push_object(depth_ == 0 ? kept_ : 0);
    }
    return true;
  }
  bool on_array_begin(Error&) { return open(Outermost::kOther); }
  bool on_array_end(std::size_t count, Error&) {
    close();
    if (keeps()) stack_.push_array(keeps_all() ? count : 0);
    return true;
  }
  bool on_key_part(Text text, std::size_t, Error&) {
    text_.append(text.data(), text.size());
    return true;
  }
  bool on_key(Text text, std::size_t, Error& error) {
    if (++members_ > members_max_) {
      error = json::error::object_too_large;
      return false;
    }
    if (!text_.empty()) {
      text_.append(text.data(), text.size());
      text = text_;
    }
    if (is_kept(text)) stack_.push_key(text);
    text_.clear();
    return true;
  }
  bool on_string_part(Text text, std::size_t, Error&) {
    if (keeps()) stack_.push_chars(text);
    return true;
  }
  bool on_string(Text text, std::size_t, Error&) {
    if (keeps()) stack_.push_string(text);
    return true;
  }
  bool on_number_part(Text text, Error&) {
    text_.append(text.data(), text.size());
    return true;
  }
  bool on_int64(std::int64_t value, Text, Error&) {
    text_.clear();
    if (keeps()) stack_.push_int64(value);
    return true;
  }
  bool on_uint64(std::uint64_t value, Text, Error&) {
    text_.clear();
    if (keeps()) stack_.push_uint64(value);
    return true;
  }
  /// Boost 1.81 may be off in the last digit, which repr() would show.
  bool on_double(double rough, Text text, Error& error) {
    text_.append(text.data(), text.size());
    double exact = 0;
    const char* end = text_.data() + text_.size();
    const auto [rest, status] = std::from_chars(text_.data(), end, exact);
    if (status == std::errc::result_out_of_range) {
      exact = 0;  // 1e-400, as in Python
      if (std::fabs(rough) >= 1) error = json::error::exponent_overflow;
    } else if (status != std::errc() || rest != end) {
      error = json::error::syntax;
    }
    text_.clear();
    if (keeps()) stack_.push_double(exact);
    return !error;
  }
  bool on_bool(bool value, Error&) {
    if (keeps()) stack_.push_bool(value);
    return true;
  }
  bool on_null(Error&) {
    if (keeps()) stack_.push_null();
    return true;
  }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }

 private:
  enum class Outermost { kObject, kOther };

  bool keeps_all() const { return names_ == nullptr; }
  /// Whether to keep the value that begins or ends here.
  bool keeps() const {
    if (keeps_all() || depth_ == 0) return true;
    return depth_ == 1 && outermost_ == Outermost::kObject && is_wanted_;
  }
  /// Whether to keep the member that begins with this name.
  bool is_kept(Text name) {
    if (keeps_all()) return true;
    if (depth_ != 1) return false;
    is_wanted_ = std::find(names_->begin(), names_->end(), std::string_view(name)) != names_->end();
    kept_ += is_wanted_ ? 1 : 0;
    return is_wanted_;
  }
  bool open(Outermost kind) {
    if (depth_++ == 0) outermost_ = kind;
    return true;
  }
  void close() { --depth_; }

  const std::span<const std::string_view>* const names_;
  const std::size_t members_max_;
  std::size_t depth_ = 0, members_ = 0, kept_ = 0;
  Outermost outermost_ = Outermost::kOther;
  bool is_wanted_ = false;  ///< for the current outermost member
  alignas(json::value) std::array<unsigned char, 2048> memory_{};
  json::value_stack stack_{{}, memory_.data(), memory_.size()};
  std::string text_;  ///< a name or a number that arrives in parts
};

/// Null and an error, or the value. `members`: the number of members of all objects.
json::value parse(std::string_view text, const JsonLimits& limits,
                  const std::span<const std::string_view>* names, std::size_t& members,
                  json::error_code& error) {
  error = {};
  if (text.size() > limits.bytes) {
    error = json::error::object_too_large;
    return nullptr;
  }
  json::parse_options options;
  options.max_depth = limits.depth;
  json::basic_parser<Builder> parser(options, limits.members, names);
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used != text.size()) error = json::error::extra_data;
  if (error) return nullptr;
  members = parser.handler().members();
  return parser.handler().release();
}

/// The members that remain after repeated names have been merged.
std::size_t count_members(const json::value& value) {
  std::size_t count = 0;
  if (const auto* object = value.if_object()) {
    count += object->size();
    for (const auto& member : *object) count += count_members(member.value());
  } else if (const auto* array = value.if_array()) {
    for (const auto& item : *array) count += count_members(item);
  }
  return count;
}

void append_escape(unsigned code_unit, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[code_unit >> shift & 15];
}

void append_code_point(char32_t point, std::string& out) {
  if (point < 0x10000) return append_escape(point, out);
  append_escape(0xd800 + ((point - 0x10000) >> 10), out);
  append_escape(0xdc00 + ((point - 0x10000) & 0x3ff), out);
}

/// `text` begins with a multi-byte sequence and has been checked to be UTF-8.
std::size_t append_sequence(std::string_view text, std::string& out) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  char32_t point = lead & (0xff >> (size + 1));
  for (std::size_t i = 1; i < size && i < text.size(); ++i) {
    point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
  }
  append_code_point(point, out);
  return size;
}

void append_string(std::string_view text, std::string& out) {
  constexpr std::string_view kNamed = "\"\\\n\r\t\f\b";
  constexpr std::string_view kNames = "\"\\nrtfb";
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const char character = text[i];
    if (static_cast<unsigned char>(character) >= 0x80) {
      i += append_sequence(text.substr(i), out);
      continue;
    }
    if (const auto at = kNamed.find(character); at != std::string_view::npos) {
      out += {'\\', kNames[at]};
    } else if (character < 0x20 || character == 0x7f) {
      append_escape(static_cast<unsigned char>(character), out);
    } else {
      out += character;
    }
    ++i;
  }
  out += '"';
}

template <class Number>
void append_integer(Number value, std::string& out) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

/// As repr() does: the shortest digits that read back as the value, fixed from 1e-4 to below 1e16.
void append_float(double value, std::string& out) {
  std::array<char, 32> text{};
  const double size = std::fabs(value);
  const bool is_fixed = size == 0 || (size >= 1e-4 && size < 1e16);
  const auto format = is_fixed ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, format).ptr;
  const std::string_view digits(text.data(), static_cast<std::size_t>(end - text.data()));
  out += digits;
  if (is_fixed && digits.find('.') == std::string_view::npos) out += ".0";
}

void append_value(const json::value& value, std::string& out) {
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      return;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case json::kind::int64:
      return append_integer(value.get_int64(), out);
    case json::kind::uint64:
      return append_integer(value.get_uint64(), out);
    case json::kind::double_:
      return append_float(value.get_double(), out);
    case json::kind::string:
      return append_string(value.get_string(), out);
    case json::kind::array: {
      char separator = '[';
      for (const auto& item : value.get_array()) {
        out += separator;
        append_value(item, out);
        separator = ',';
      }
      out += separator == '[' ? "[]" : "]";
      return;
    }
    case json::kind::object: {
      char separator = '{';
      for (const auto& member : value.get_object()) {
        out += separator;
        append_string(member.key(), out);
        out += ':';
        append_value(member.value(), out);
        separator = ',';
      }
      out += separator == '{' ? "{}" : "}";
      return;
    }
  }
}

}  // namespace

std::optional<json::object> parse_object(std::string_view text, const JsonLimits& limits) {
  std::size_t members = 0;
  json::error_code error;
  json::value value = parse(text, limits, nullptr, members, error);
  if (error || !value.is_object() || count_members(value) != members) return std::nullopt;
  return std::move(value.get_object());
}

json::value parse_members(std::string_view text, std::span<const std::string_view> names,
                          const JsonLimits& limits, json::error_code& error) {
  std::size_t members = 0;
  return parse(text, limits, &names, members, error);
}

std::string dump_ascii(const json::value& value) {
  std::string out;
  out.reserve(256);
  append_value(value, out);
  return out;
}

const json::string* string_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_string();
}

}  // namespace jwt_auth
