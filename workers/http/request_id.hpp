// Ids for requests that come without one. Worker, I/O thread.
#pragma once

#include "base/ascii.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
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
    for (char& digit : digits_) {
      digit = "0123456789abcdef"[value >> 60];
      value <<= 4;
    }
    return {digits_.data(), digits_.size()};
  }

  /// May an id that a front server gave be used? It must be short, and consist of characters that
  /// need no escaping anywhere.
  static bool acceptable(std::string_view id) {
    constexpr CharSet kChars = CharSet::alphanumeric_and("-_.:/+=");
    return !id.empty() && id.size() <= 128 &&
           std::all_of(id.begin(), id.end(), [&](char c) { return kChars.contains(c); });
  }

 private:
  std::uint64_t counter_;
  std::array<char, 16> digits_{};
};

}  // namespace alicorn
