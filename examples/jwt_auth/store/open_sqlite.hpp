// Opens a session on SQLite and says how it is to behave. On a Database's thread.
#pragma once

#include "settings/settings.hpp"
#include "store/sqlite_session.hpp"

#include <soci/soci.h>

namespace jwt_auth {

/// Throws StoreUnavailable, where there is no file, or QueryError: what an operator mends while the
/// service waits for it.
void open_sqlite(soci::session& session, const DatabaseSettings& settings, IfAbsent if_absent);

}  // namespace jwt_auth
