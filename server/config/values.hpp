// The texts in which settings are written, read and printed: numbers, durations, sizes, switches.
// Any process.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace alicorn {

/// Decimal digits only.
std::optional<std::uint64_t> parse_count(std::string_view text);
/// Octal digits, with or without a leading "0" or "0o".
std::optional<std::uint32_t> parse_octal(std::string_view text);
/// true, yes, on / false, no, off: YAML 1.1's words.
std::optional<bool> parse_switch(std::string_view text);

/// Seconds ("30", "0.5"), or with a unit: "500ms", "30s", "2m", "1h". A duration that is shorter
/// than a millisecond but not zero is refused: rounding it would switch a deadline off.
std::optional<milliseconds> parse_duration(std::string_view text);
std::string print_duration(milliseconds duration);  ///< in seconds: "0.5"

inline constexpr std::string_view kSizeUnitNames = "kB, MB, GB, TB, KiB, MiB, GiB or TiB";
/// Bytes ("8190"), or with a unit: kB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (powers
/// of 1024).
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string print_size(
    std::uint64_t bytes);  ///< in the largest binary unit that gives a whole number

}  // namespace alicorn
