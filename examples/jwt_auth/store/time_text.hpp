// Times as Django writes them into SQLite and PostgreSQL. Pure functions, on any thread.
#pragma once

#include "settings/settings.hpp"
#include "store/records.hpp"

#include <cstdint>
#include <string>

namespace jwt_auth {

/// SQLite: "2026-11-22 16:33:59.434941", without the fraction where it is zero; its order as text
/// is that of the times. PostgreSQL: the same and the zone, "+00".
std::string time_text(Time time, DatabaseSettings::Kind kind);

/// For tables of our own.
inline std::int64_t microseconds_of(Time time) {
  return time.time_since_epoch().count();
}

}  // namespace jwt_auth
