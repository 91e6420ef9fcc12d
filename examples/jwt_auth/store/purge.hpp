// Deletes rows that the service no longer needs; the service does so as it runs, jwt_auth_admin on
// demand. Within the caller's transaction.
#pragma once

#include "settings/settings.hpp"
#include "store/connection.hpp"
#include "store/records.hpp"

#include <cstdint>

namespace jwt_auth {

/// How long an attempt counts, or delays somebody.
seconds remembered(Rate rate);

// Both return the number of deleted rows. On PostgreSQL, rows held by another transaction stay for
// the next time.
std::int64_t purge_attempts(Connection& connection, Rate rate, Time now);
std::int64_t purge_rotations(Connection& connection, Time now);

}  // namespace jwt_auth
