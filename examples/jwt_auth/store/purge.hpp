// What of its rows the service needs no more, deleted by the service as it goes and by
// jwt_auth_admin. In a transaction of the caller's.
#pragma once

#include "settings/settings.hpp"
#include "store/connection.hpp"
#include "store/records.hpp"

#include <cstdint>

namespace jwt_auth {

/// For how long an attempt counts, or makes somebody wait.
seconds remembered(Rate rate);

// Both give the number of rows. On PostgreSQL rows that another transaction holds stay for the next
// time.
std::int64_t purge_attempts(Connection& connection, Rate rate, Time now);
std::int64_t purge_rotations(Connection& connection, Time now);

}  // namespace jwt_auth
