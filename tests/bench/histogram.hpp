// Counts durations, with an error of less than 1/64 of the duration. Part of the load generator.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

class Histogram {
 public:
  void add(std::int64_t duration_ns) {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(duration_ns, 0));
    ++counts_[index_of(ns)];
    ++count_;
    max_ns_ = std::max(max_ns_, ns);
  }

  std::uint64_t count() const { return count_; }
  std::uint64_t max_ns() const { return max_ns_; }

  /// At least this share of the durations is not longer than the result.
  std::uint64_t quantile_ns(double share) const {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen >= wanted && seen > 0) return std::min(longest_of(i), max_ns_);
    }
    return max_ns_;
  }

 private:
  // 64 counts for each power of two.
  static std::size_t index_of(std::uint64_t ns) {
    if (ns < 64) return static_cast<std::size_t>(ns);
    const auto shift = static_cast<unsigned>(std::bit_width(ns)) - 7;
    return shift * 64 + static_cast<std::size_t>(ns >> shift);
  }
  static std::uint64_t longest_of(std::size_t index) {
    if (index < 64) return index;
    const std::size_t shift = index / 64 - 1;
    return ((static_cast<std::uint64_t>(index - shift * 64) + 1) << shift) - 1;
  }

  std::array<std::uint64_t, 64 * 59> counts_{};
  std::uint64_t count_ = 0, max_ns_ = 0;
};
