// Opens a session on SQLite and configures it. On a Database's thread.
#pragma once

#include "settings/settings.hpp"
#include "store/sqlite_session.hpp"

#include <soci/soci.h>

namespace jwt_auth {

/// Throws StoreUnavailable if there is no file, and QueryError for errors that an operator can
/// repair while the service waits.
void open_sqlite(soci::session& session, const DatabaseSettings& settings, IfAbsent if_absent);

}  // namespace jwt_auth
