// Ids for requests that come without one. Worker, I/O thread.
#pragma once

#include "base/ascii.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace alicorn {

class RequestIds {
 public:
  explicit RequestIds(std::uint64_t seed) : counter_(seed) {}

  /// Sixteen hexadecimal digits, distinct within the worker for 2^64 requests; valid until the next
  /// call.
  std::string_view next() {
    // The finaliser of SplitMix64 is a bijection, so distinct counters give distinct ids.
    std::uint64_t value = ++counter_;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    value ^= value >> 31;
    put_eight(digits_.data(), static_cast<std::uint32_t>(value >> 32));
    put_eight(digits_.data() + 8, static_cast<std::uint32_t>(value));
    return {digits_.data(), digits_.size()};
  }

  /// May an id that a front server gave be used? It must be short, and consist of characters that
  /// need no escaping anywhere.
  static bool acceptable(std::string_view id) {
    return !id.empty() && id.size() <= 128 &&
           std::all_of(id.begin(), id.end(), [](char c) { return kIdChars.contains(c); });
  }

 private:
  static constexpr CharSet kIdChars = CharSet::alphanumeric_and("-_.:/+=");

  /// Eight hexadecimal digits at once: one in each byte of a word.
  static void put_eight(char* target, std::uint32_t value) {
    std::uint64_t word = value;  // the nibbles, spread out; the most significant one comes last
    word = (word | word << 16) & 0x0000ffff0000ffffU;
    word = (word | word << 8) & 0x00ff00ff00ff00ffU;
    word = (word | word << 4) & 0x0f0f0f0f0f0f0f0fU;
    // Above nine, adding six carries into the next bit.
    const std::uint64_t letters = (word + 0x0606060606060606U) >> 4 & 0x0101010101010101U;
    word += 0x3030303030303030U + letters * ('a' - '9' - 1);
    if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
    std::memcpy(target, &word, sizeof word);
  }

  std::uint64_t counter_;
  std::array<char, 16> digits_{};
};

}  // namespace alicorn
