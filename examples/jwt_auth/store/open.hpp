// Opens a session on SQLite or PostgreSQL and says how it is to behave. On a Database's thread.
#pragma once

#include "settings/settings.hpp"

#include <soci/soci.h>

namespace jwt_auth {

/// Whether a SQLite file that is not there is made.
enum class IfAbsent { kRefuse, kCreate };

/// Throw StoreUnavailable: what an operator mends while the service waits for it.
void open_sqlite(soci::session& session, const DatabaseSettings& settings, IfAbsent if_absent);
void open_postgresql(soci::session& session, const DatabaseSettings& settings);

}  // namespace jwt_auth
