// Times in the form in which Django writes them to SQLite and PostgreSQL. Pure, on any thread.
#pragma once

#include "settings/settings.hpp"
#include "store/records.hpp"

#include <cstdint>
#include <string>

namespace jwt_auth {

/// SQLite: "2026-11-22 16:33:59.434941", without the fraction if that is zero; sorts as text in the
/// order of time. PostgreSQL: the same with the zone, "+00".
std::string time_text(Time time, DatabaseSettings::Kind kind);

/// For our own tables.
inline std::int64_t microseconds_of(Time time) {
  return time.time_since_epoch().count();
}

}  // namespace jwt_auth
