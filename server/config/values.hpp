// Parses and prints the values of settings: numbers, durations, sizes, switches. Any process.
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
/// true, yes, on / false, no, off, as in YAML 1.1.
std::optional<bool> parse_switch(std::string_view text);

/// Seconds ("30", "0.5"), or a number with a unit: "500ms", "30s", "2m", "1h". A duration between
/// zero and a millisecond is refused, because rounding it would switch a deadline off.
std::optional<milliseconds> parse_duration(std::string_view text);
std::string print_duration(milliseconds duration);  ///< in seconds: "0.5"

inline constexpr std::string_view kSizeUnitNames = "kB, MB, GB, TB, KiB, MiB, GiB or TiB";
/// Bytes ("8190"), or a number with a unit: kB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB
/// (powers of 1024).
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string print_size(
    std::uint64_t bytes);  ///< in the largest binary unit that gives a whole number

}  // namespace alicorn
