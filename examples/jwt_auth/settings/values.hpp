// Parses single values as people write them. Any process.
#pragma once

#include "settings/settings.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace jwt_auth {

/// Only digits, up to `max`.
std::optional<std::uint64_t> parse_count(std::string_view text, std::uint64_t max);
/// "300" (seconds), "30s", "5m", "1h", "7d", "2w", "5 minutes", "1 day"; up to a hundred years.
std::optional<seconds> parse_duration(std::string_view text);
/// "true", "yes", "on", "1" and their opposites, in any case.
std::optional<bool> parse_switch(std::string_view text);
/// "5/minute", "100/hour", "10/30s", as in REST framework; "": unlimited.
std::optional<Rate> parse_rate(std::string_view text);
/// "sqlite:///absolute/path", "sqlite:relative.db", "postgresql://..." or "host=/run/...
/// dbname=...".
std::optional<DatabaseSettings> parse_database_url(std::string_view text);

}  // namespace jwt_auth
