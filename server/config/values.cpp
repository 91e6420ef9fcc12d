#include "server/config/values.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace alicorn {
namespace {

template <class Number>
std::optional<Number> parse_whole(std::string_view text, int base) {
  Number number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, base);
  if (error != std::errc() || rest != end) return std::nullopt;
  return number;
}

/// "16MiB" -> {"16", "MiB"}, "0.5" -> {"0.5", ""}. A space may separate number and unit.
std::pair<std::string_view, std::string_view> split_unit(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789.");
  if (digits == std::string_view::npos) return {text, {}};
  std::string_view unit = text.substr(digits);
  if (unit.front() == ' ') unit.remove_prefix(1);
  // "16 " is not a number with an empty unit.
  if (unit.empty()) return {{}, {}};
  return {text.substr(0, digits), unit};
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array kDurationUnits = {Unit{"", 1000}, Unit{"ms", 1}, Unit{"s", 1000},
                                       Unit{"m", 60'000}, Unit{"h", 3'600'000}};
constexpr std::array kSizeUnits = {Unit{"", 1},
                                   Unit{"B", 1},
                                   Unit{"kB", 1000},
                                   Unit{"KB", 1000},
                                   Unit{"MB", 1'000'000},
                                   Unit{"GB", 1'000'000'000},
                                   Unit{"TB", 1'000'000'000'000},
                                   Unit{"KiB", 1ULL << 10},
                                   Unit{"MiB", 1ULL << 20},
                                   Unit{"GiB", 1ULL << 30},
                                   Unit{"TiB", 1ULL << 40}};

template <std::size_t kCount>
std::optional<std::uint64_t> factor_of(std::string_view unit,
                                       const std::array<Unit, kCount>& units) {
  for (const Unit& known : units) {
    if (known.name == unit) return known.factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_count(std::string_view text) {
  return parse_whole<std::uint64_t>(text, 10);
}

std::optional<std::uint32_t> parse_octal(std::string_view text) {
  if (text.starts_with("0o")) text.remove_prefix(2);
  return parse_whole<std::uint32_t>(text, 8);
}

std::optional<bool> parse_switch(std::string_view text) {
  if (text == "true" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "no" || text == "off") return false;
  return std::nullopt;
}

std::optional<milliseconds> parse_duration(std::string_view text) {
  // A year: far above the range of every setting, far below an overflow.
  constexpr double kLongest = 366.0 * 24 * 3600 * 1000;
  const auto [digits, unit] = split_unit(text);
  const auto factor = factor_of(unit, kDurationUnits);
  // from_chars would also accept "inf" and "nan", but split_unit lets only digits and points
  // through.
  if (digits.empty() || digits.front() == '.' || digits.back() == '.' || !factor) {
    return std::nullopt;
  }
  double number = 0;
  const char* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc() || rest != end) return std::nullopt;
  const double count = std::round(number * static_cast<double>(*factor));
  if (count > kLongest || (number > 0 && count < 1)) return std::nullopt;
  return milliseconds(static_cast<milliseconds::rep>(count));
}

std::string print_duration(milliseconds duration) {
  std::string text = std::to_string(duration.count() / 1000);
  if (const auto fraction = duration.count() % 1000; fraction != 0) {
    text += '.' + std::to_string(1000 + fraction).substr(1);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto [digits, unit] = split_unit(text);
  const auto number = parse_count(digits);
  const auto factor = factor_of(unit, kSizeUnits);
  if (!number || !factor) return std::nullopt;
  if (*number > std::numeric_limits<std::uint64_t>::max() / *factor) return std::nullopt;
  return *number * *factor;
}

std::string print_size(std::uint64_t bytes) {
  static constexpr std::array kLargestFirst = {Unit{"TiB", 1ULL << 40}, Unit{"GiB", 1ULL << 30},
                                               Unit{"MiB", 1ULL << 20}, Unit{"KiB", 1ULL << 10}};
  for (const Unit& unit : kLargestFirst) {
    if (bytes != 0 && bytes % unit.factor == 0) {
      return std::to_string(bytes / unit.factor).append(unit.name);
    }
  }
  return std::to_string(bytes);
}

}  // namespace alicorn
