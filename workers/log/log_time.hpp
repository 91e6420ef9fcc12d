// Local time in the formats of access log lines, computed once per second. Worker, I/O thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace alicorn {

class LogTime {
 public:
  /// Does little while the second stays the same.
  void refresh(std::int64_t wall_us);
  static constexpr std::size_t kCommonSize = 28;
  /// [22/Nov/2026:12:59:21 +0000]
  std::string_view common() const { return {common_, kCommonSize}; }
  /// 2026-11-22T12:59:21.123+00:00
  std::string_view iso() const { return {iso_, kIsoSize}; }

 private:
  static constexpr std::size_t kIsoSize = 29;

  std::int64_t second_ = -1;
  char common_[kCommonSize + 1]{};
  char iso_[kIsoSize + 1]{};
};

}  // namespace alicorn
