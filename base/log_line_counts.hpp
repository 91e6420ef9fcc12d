// Counts of this process's error log lines, for statsd. Used in any process.
#pragma once

#include "base/log.hpp"
#include "base/statsd.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace alicorn {

class LogLineCounts {
 public:
  /// Appends "log.warning", "log.error" and "log.critical" with the number of lines logged since
  /// the last call.
  void append_new(const StatsdLines& lines, std::string& out) {
    for (std::size_t i = 0; i < kLevels.size(); ++i) {
      const std::uint64_t count = log::line_count(kLevels[i]);
      if (count == told_[i]) continue;
      lines.append(out, kNames[i], count - told_[i], "c");
      told_[i] = count;
    }
  }

 private:
  static constexpr std::array kLevels{log::Level::kWarning, log::Level::kError,
                                      log::Level::kCritical};
  static constexpr std::array<std::string_view, 3> kNames{"log.warning", "log.error",
                                                          "log.critical"};

  std::array<std::uint64_t, kLevels.size()> told_{};
};

}  // namespace alicorn
