// The SQLite handles below a SOCI session. Only for store/.
#pragma once

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

namespace jwt_auth {

// SOCI's libraries do not export the type information of their backends, which UBSan's check of the
// cast would need at link time.
#define JWT_AUTH_CASTS_TO_BACKEND __attribute__((no_sanitize("vptr")))

JWT_AUTH_CASTS_TO_BACKEND inline sqlite_api::sqlite3* sqlite_of(soci::session& session) {
  return static_cast<soci::sqlite3_session_backend*>(session.get_backend())->conn_;
}

JWT_AUTH_CASTS_TO_BACKEND inline sqlite_api::sqlite3_stmt* sqlite_of(soci::statement& statement) {
  return static_cast<soci::sqlite3_statement_backend*>(statement.get_backend())->stmt_;
}

#undef JWT_AUTH_CASTS_TO_BACKEND

}  // namespace jwt_auth
