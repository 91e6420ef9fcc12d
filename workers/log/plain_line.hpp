// Builds an access log line of which no value needs an escape, and that is not long: nearly every
// line. Whatever does not fit that is refused, and the line is built another way. Worker, I/O
// thread.
#pragma once

#include "base/escape.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace alicorn {

/// Short text that is copied with one store.
struct ShortLiteral {
  static constexpr std::size_t kCapacity = 16;
  char bytes[kCapacity] = {};
  std::uint8_t size = 0;
};

class PlainLine {
 public:
  /// At most so much may be added between two looks at has_room(), values not counted: these look
  /// themselves.
  static constexpr std::size_t kUncheckedMax = 64;
  static constexpr std::size_t kSizeMin = kUncheckedMax;

  /// No line has more than `size_max` bytes, at least kSizeMin, and no value more than `value_max`.
  PlainLine(std::size_t size_max, std::size_t value_max)
      : value_max_(std::min(value_max, kBufferSize)),
        last_(buffer_ + std::min(size_max, kBufferSize) - kUncheckedMax) {}

  /// False: the line may become too long.
  bool has_room() const { return end_ <= last_; }

  /// Whether a value may.
  bool may_be_as_long_as(std::size_t size) const { return size <= value_max_; }

  // Call these only between two looks at has_room(), for kUncheckedMax bytes at most:

  void add(const ShortLiteral& literal) {
    std::memcpy(end_, literal.bytes, ShortLiteral::kCapacity);
    end_ += literal.size;
  }
  template <std::size_t kSize>
  void add_fixed(const char* text) {
    static_assert(kSize <= kUncheckedMax);
    std::memcpy(end_, text, kSize);
    end_ += kSize;
  }
  void add(char byte) { *end_++ = byte; }
  void add(std::uint64_t number) {
    if (number < 10) return add(static_cast<char>('0' + number));
    end_ = std::to_chars(end_, end_ + kDigitsMax, number).ptr;
  }

  /// False: the value is too long, or not plain.
  bool add_value(std::string_view value) {
    if (value.empty()) {
      add('-');
      return true;
    }
    return add_text(value);
  }
  bool add_text(std::string_view text) {
    const std::size_t size = text.size();
    if (size > value_max_ || !has_room()) return false;
    if (size > static_cast<std::size_t>(last_ - end_)) return false;
    const bool is_plain =
        size <= 2 * sizeof(std::uint64_t) ? copy_short(text.data(), size) : copy_long(text);
    end_ += size;
    return is_plain;
  }

  /// All that was added.
  std::string_view text() const { return {buffer_, static_cast<std::size_t>(end_ - buffer_)}; }

 private:
  static constexpr std::size_t kBufferSize = 1024;
  static constexpr std::size_t kDigitsMax = 20;

  static constexpr std::uint64_t kOnes = 0x0101010101010101;
  static constexpr std::uint64_t kHighBits = 0x80 * kOnes;
  /// Non-zero if a byte of the word is 0.
  static std::uint64_t zeroes(std::uint64_t word) { return (word - kOnes) & ~word & kHighBits; }
  static bool is_plain(std::uint64_t word) {
    return ((word & kHighBits) | ((word - 0x20 * kOnes) & kHighBits) |
            zeroes(word ^ (0x7f * kOnes)) | zeroes(word ^ ('"' * kOnes)) |
            zeroes(word ^ ('\\' * kOnes))) == 0;
  }
  template <class Word>
  bool copy_twice(const char* from, std::size_t size) {
    Word first = 0, last = 0;  // they may overlap
    std::memcpy(&first, from, sizeof first);
    std::memcpy(&last, from + size - sizeof last, sizeof last);
    std::memcpy(end_, &first, sizeof first);
    std::memcpy(end_ + size - sizeof last, &last, sizeof last);
    if constexpr (sizeof(Word) == sizeof(std::uint64_t)) return is_plain(first) && is_plain(last);
    return is_plain(std::uint64_t{last} << 32 | first);
  }
  bool copy_short(const char* from, std::size_t size) {
    if (size >= sizeof(std::uint64_t)) return copy_twice<std::uint64_t>(from, size);
    if (size >= sizeof(std::uint32_t)) return copy_twice<std::uint32_t>(from, size);
    std::uint64_t word = kOnes * 'x';
    for (std::size_t i = 0; i < size; ++i) {
      end_[i] = from[i];
      word = word << 8 | static_cast<unsigned char>(from[i]);
    }
    return is_plain(word);
  }
  bool copy_long(std::string_view text) {
    std::memcpy(end_, text.data(), text.size());
    return needs_no_escape(text, Escaping::kAscii);
  }

  const std::size_t value_max_;
  const char* const last_;
  char buffer_[kBufferSize];  // NOLINT: filled by the functions above
  char* end_ = buffer_;
};

}  // namespace alicorn
