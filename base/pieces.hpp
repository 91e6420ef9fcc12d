// Builds a string from many short pieces. Plain, used in any process.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace alicorn {

/// Gathers short pieces for one append to a string: each append costs some forty instructions, a
/// literal of known size here only one or two.
class Pieces {
 public:
  explicit Pieces(std::string& out) : out_(out) {}

  /// Of the string, with what is still gathered.
  std::size_t size() const { return out_.size() + static_cast<std::size_t>(end_ - buffer_); }
  /// The string itself, for whoever appends to it directly.
  std::string& target() {
    flush();
    return out_;
  }

  template <std::size_t kSize>
  void add(const char (&literal)[kSize]) {
    make_room(kSize - 1);
    std::memcpy(end_, literal, kSize - 1);
    end_ += kSize - 1;
  }
  void add(char byte) {
    make_room(1);
    *end_++ = byte;
  }
  [[gnu::always_inline]] void add(std::string_view text) {
    if (text.empty()) return;  // it may have no address
    if (text.size() > sizeof buffer_) return add_large(text);
    make_room(text.size());
    std::memcpy(end_, text.data(), text.size());
    end_ += text.size();
  }
  void add(std::uint64_t number) {
    constexpr std::size_t kDigitsMax = 20;
    make_room(kDigitsMax);
    end_ = std::to_chars(end_, end_ + kDigitsMax, number).ptr;
  }
  /// To be called at the end. It may throw for lack of memory, so no destructor does it.
  void flush() {
    out_.append(buffer_, static_cast<std::size_t>(end_ - buffer_));
    end_ = buffer_;
  }

 private:
  [[gnu::noinline]] void add_large(std::string_view text) {
    flush();
    out_.append(text);
  }
  void make_room(std::size_t size) {
    if (size > static_cast<std::size_t>(buffer_ + sizeof buffer_ - end_)) flush();
  }

  std::string& out_;
  char buffer_[512];  // NOLINT: filled by add()
  char* end_ = buffer_;
};

}  // namespace alicorn
