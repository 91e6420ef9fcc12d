// Lets through a few log lines a second about events that strangers can cause at will, and counts
// the rest, so that a flood of them becomes one line a second. Pure: the time is an argument.
// Worker, I/O thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace alicorn {

class EventDigest {
 public:
  /// This many lines may come at once; after that one a second.
  static constexpr std::uint64_t kBurst = 5;

  /// The counts by kind; a kind beyond the first few counts as kind 0.
  struct Count {
    int kind = 0;
    std::uint64_t events = 0;
  };
  static constexpr std::size_t kKindsMax = 6;
  struct Summary {
    std::array<Count, kKindsMax> counts{};
    std::uint64_t total = 0;
  };

  /// True: an event of this kind gets a line. False: it is only counted.
  bool note(int kind, std::uint64_t now_us) {
    refill(now_us);
    if (summary_.total == 0 && lines_ > 0) {
      --lines_;
      return true;
    }
    count(kind);
    return false;
  }
  /// Called with each sweep: returns what must be summed up in a line now.
  std::optional<Summary> look(std::uint64_t now_us) {
    refill(now_us);
    if (summary_.total == 0 || lines_ == 0) return std::nullopt;
    lines_ = 0;
    const Summary summary = summary_;
    summary_ = Summary{};
    return summary;
  }

 private:
  static constexpr std::uint64_t kLineUs = 1'000'000;

  void refill(std::uint64_t now_us) {
    if (filled_us_ == 0) filled_us_ = now_us;
    const std::uint64_t earned = (now_us - std::min(now_us, filled_us_)) / kLineUs;
    lines_ = std::min(kBurst, lines_ + earned);
    filled_us_ += earned * kLineUs;
  }
  void count(int kind) {
    ++summary_.total;
    for (Count& entry : summary_.counts) {
      const bool is_last = &entry == &summary_.counts.back();
      if (entry.events != 0 && entry.kind != kind && !is_last) continue;
      entry.kind = is_last ? 0 : kind;
      ++entry.events;
      return;
    }
  }

  std::uint64_t lines_ = kBurst;
  std::uint64_t filled_us_ = 0;
  Summary summary_;
};

}  // namespace alicorn
