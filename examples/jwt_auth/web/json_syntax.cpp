#include "web/json_syntax.hpp"

#include <algorithm>

namespace jwt_auth {
namespace {

/// CPython stops at about 1,000 levels, with an error that is not a JSON error.
constexpr int kDepthMax = 900;

struct SyntaxError {
  std::string message;
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void document() {
    if (text_.starts_with("\uFEFF")) fail("Unexpected UTF-8 BOM (decode using utf-8-sig)", 0);
    skip_space();
    value(0);
    skip_space();
    if (at_ != text_.size()) fail("Extra data", at_);
  }

 private:
  [[noreturn]] void fail(std::string_view what, std::size_t where) const {
    const std::string_view before = text_.substr(0, where);
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    throw SyntaxError{std::string(what) + ": line " + std::to_string(lines + 1) + " column " +
                      std::to_string(characters(before.substr(line_start)) + 1) + " (char " +
                      std::to_string(characters(before)) + ")"};
  }

  static std::size_t characters(std::string_view utf8) {
    return static_cast<std::size_t>(
        std::count_if(utf8.begin(), utf8.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
  }

  bool has(char character) const { return at_ < text_.size() && text_[at_] == character; }

  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\n\r", at_), text_.size()); }

  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  void value(int depth) {
    if (depth > kDepthMax) throw SyntaxError{"too deeply nested"};
    if (has('"')) return string();
    if (has('{')) return object(depth);
    if (has('[')) return array(depth);
    if (take("null") || take("true") || take("false")) return;
    for (const std::string_view constant : {"NaN", "Infinity", "-Infinity"}) {
      if (take(constant)) {
        throw SyntaxError{"Out of range float values are not JSON compliant: '" +
                          std::string(constant) + "'"};
      }
    }
    if (!number()) fail("Expecting value", at_);
  }

  void object(int depth) {
    ++at_;
    skip_space();
    if (take("}")) return;
    while (true) {
      if (!has('"')) fail("Expecting property name enclosed in double quotes", at_);
      string();
      skip_space();
      if (!take(":")) fail("Expecting ':' delimiter", at_);
      skip_space();
      value(depth + 1);
      skip_space();
      if (take("}")) return;
      if (!take(",")) fail("Expecting ',' delimiter", at_);
      skip_space();
    }
  }

  void array(int depth) {
    ++at_;
    skip_space();
    if (take("]")) return;
    while (true) {
      value(depth + 1);
      skip_space();
      if (take("]")) return;
      if (!take(",")) fail("Expecting ',' delimiter", at_);
      skip_space();
    }
  }

  void string() {
    const std::size_t begin = at_++;
    while (true) {
      if (at_ == text_.size()) fail("Unterminated string starting at", begin);
      const char character = text_[at_];
      if (static_cast<unsigned char>(character) < 0x20) fail("Invalid control character at", at_);
      ++at_;
      if (character == '"') return;
      if (character == '\\') escape(begin);
    }
  }

  void escape(std::size_t begin) {
    if (at_ == text_.size()) fail("Unterminated string starting at", begin);
    const std::size_t backslash = at_ - 1;
    const char kind = text_[at_++];
    if (kind != 'u') {
      if (std::string_view("\"\\/bfnrt").find(kind) == std::string_view::npos) {
        fail("Invalid \\escape", backslash);
      }
      return;
    }
    const auto is_hex = [](char digit) {
      return std::string_view("0123456789abcdefABCDEF").find(digit) != std::string_view::npos;
    };
    // CPython also checks that the text goes on after the digits, so a closing quote must follow.
    if (text_.size() - at_ < 5 || !std::all_of(&text_[at_], &text_[at_] + 4, is_hex)) {
      fail("Invalid \\uXXXX escape", at_ - 1);
    }
    at_ += 4;
  }

  std::size_t digits() {
    const std::size_t end = std::min(text_.find_first_not_of("0123456789", at_), text_.size());
    const std::size_t count = end - at_;
    at_ = end;
    return count;
  }

  bool number() {
    const std::size_t begin = at_;
    take("-");
    if (!take("0") && digits() == 0) {
      at_ = begin;
      return false;
    }
    // What does not continue the number is left for the next rule to report.
    std::size_t good = at_;
    if (take(".") && digits() > 0) good = at_;
    at_ = good;
    if (take("e") || take("E")) {
      if (!take("+")) take("-");
      if (digits() > 0) good = at_;
    }
    at_ = good;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::string> find_json_error(std::string_view utf8) {
  try {
    Scanner(utf8).document();
    return std::nullopt;
  } catch (const SyntaxError& error) {
    return error.message;
  }
}

}  // namespace jwt_auth
