#include "store/purge.hpp"

#include "store/time_text.hpp"

#include <algorithm>

namespace jwt_auth {
namespace {

constexpr Query kAttempts{"DELETE FROM jwt_auth_login_attempt WHERE tried_at <= :since", "n", ""};
constexpr Query kRotations{"DELETE FROM jwt_auth_rotation WHERE good_until <= :now", "n", ""};
// Two transactions that delete the same rows in different orders would deadlock.
constexpr Query kAttemptsPostgresql{
    "DELETE FROM jwt_auth_login_attempt WHERE id IN (SELECT id FROM jwt_auth_login_attempt "
    "WHERE tried_at <= :since FOR UPDATE SKIP LOCKED)",
    "n", ""};
constexpr Query kRotationsPostgresql{
    "DELETE FROM jwt_auth_rotation WHERE old_jti IN (SELECT old_jti FROM jwt_auth_rotation "
    "WHERE good_until <= :now FOR UPDATE SKIP LOCKED)",
    "n", ""};

/// The minimum for any period: the delays between tries at a name are up to 16 s.
constexpr seconds kRememberedAtLeast(120);

}  // namespace

seconds remembered(Rate rate) {
  return std::max(rate.period, kRememberedAtLeast);
}

std::int64_t purge_attempts(Connection& connection, Rate rate, Time now) {
  return connection.run(connection.is_sqlite() ? kAttempts : kAttemptsPostgresql,
                        {microseconds_of(now - remembered(rate))});
}

std::int64_t purge_rotations(Connection& connection, Time now) {
  return connection.run(connection.is_sqlite() ? kRotations : kRotationsPostgresql,
                        {microseconds_of(now)});
}

}  // namespace jwt_auth
