#include "settings/values.hpp"

#include "text/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace jwt_auth {
namespace {

constexpr std::uint64_t kDurationMax = 100ULL * 366 * 86400;

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::size_t count_digits(std::string_view text) {
  return std::min(text.find_first_not_of("0123456789"), text.size());
}

/// Seconds in one "m", "minute" or "minutes"; 0 for anything that is not a unit.
std::uint64_t seconds_in(std::string_view unit) {
  struct Unit {
    std::string_view letter, abbreviation, word;
    std::uint64_t count;
  };
  constexpr std::array<Unit, 5> kUnits{{{"s", "sec", "second", 1},
                                        {"m", "min", "minute", 60},
                                        {"h", "hr", "hour", 3600},
                                        {"d", "day", "day", 86400},
                                        {"w", "wk", "week", 7 * 86400}}};
  const std::string name = lower_case(unit);
  for (const Unit& each : kUnits) {
    if (name == each.letter || name == each.abbreviation || name == each.word ||
        (name.ends_with('s') && std::string_view(name).substr(0, name.size() - 1) == each.word)) {
      return each.count;
    }
  }
  return 0;
}

}  // namespace

std::optional<std::uint64_t> parse_count(std::string_view text, std::uint64_t max) {
  std::uint64_t count = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, count);
  if (text.empty() || rest != end || error != std::errc() || count > max) return std::nullopt;
  return count;
}

std::optional<seconds> parse_duration(std::string_view text) {
  const std::size_t digits = count_digits(text);
  const auto count = parse_count(text.substr(0, digits), kDurationMax);
  const std::string_view unit = trim(text.substr(digits));
  const std::uint64_t factor = unit.empty() ? 1 : seconds_in(unit);
  if (!count || factor == 0 || *count > kDurationMax / factor) return std::nullopt;
  return seconds(static_cast<seconds::rep>(*count * factor));
}

std::optional<bool> parse_switch(std::string_view text) {
  const std::string word = lower_case(text);
  for (const std::string_view yes : {"true", "yes", "on", "1"}) {
    if (word == yes) return true;
  }
  for (const std::string_view no : {"false", "no", "off", "0"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

std::optional<Rate> parse_rate(std::string_view text) {
  if (text.empty()) return Rate{};
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto count = parse_count(trim(text.substr(0, slash)), 1'000'000'000);
  const std::string_view span = trim(text.substr(slash + 1));
  std::optional<seconds> period;
  if (count_digits(span) > 0) {
    period = parse_duration(span);
  } else if (const std::uint64_t unit = seconds_in(span); unit > 0) {
    period = seconds(static_cast<seconds::rep>(unit));
  }
  if (!count || *count == 0 || !period || *period == seconds(0)) return std::nullopt;
  return Rate{static_cast<std::uint32_t>(*count), *period};
}

std::optional<DatabaseSettings> parse_database_url(std::string_view text) {
  using Kind = DatabaseSettings::Kind;
  DatabaseSettings database;
  if (constexpr std::string_view kScheme = "sqlite:"; text.starts_with(kScheme)) {
    std::string_view path = text.substr(kScheme.size());
    if (path.starts_with("//")) {
      path.remove_prefix(2);
      if (!path.starts_with('/')) return std::nullopt;  // "sqlite://host/file" is not supported
    }
    // Each connection would have an in-memory database of its own.
    if (path.empty() || path.ends_with('/') || path.find(":memory:") != std::string_view::npos) {
      return std::nullopt;
    }
    database.connection = path;
    return database;
  }
  database.kind = Kind::kPostgresql;
  database.connection = text;
  if (text.starts_with("postgresql://") || text.starts_with("postgres://")) return database;
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos ||
      text.substr(0, equals).find_first_not_of("abcdefghijklmnopqrstuvwxyz_ ") !=
          std::string_view::npos) {
    return std::nullopt;
  }
  return database;
}

}  // namespace jwt_auth
