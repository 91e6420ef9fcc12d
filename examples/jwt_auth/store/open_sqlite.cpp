#include "store/open_sqlite.hpp"

#include "store/fault.hpp"
#include "store/records.hpp"
#include "store/soci_handles.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <unistd.h>

namespace jwt_auth {
namespace {

std::string error_text() {
  return std::generic_category().message(errno);
}

/// SQLite would create the file in either case: a typo would become an empty database.
void require_file(const std::string& path, IfAbsent if_absent) {
  if (if_absent == IfAbsent::kRefuse) {
    if (::access(path.c_str(), F_OK) == 0) return;
    throw StoreUnavailable("database " + path + ": " + error_text() +
                           " (create it with: jwt_auth_admin migrate)");
  }
  // Mode 0600: the file holds password hashes and tokens.
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) throw StoreUnavailable("database " + path + ": " + error_text());
  ::close(file);
}

std::string sqlite_connect_string(const std::string& path) {
  // SOCI takes a text without "=" as the file's name; otherwise it parses options and quotes.
  if (path.find('=') == std::string::npos) return path;
  return "dbname=\"" + path + '"';
}

int try_execute(sqlite_api::sqlite3* sqlite, const char* sql) {
  return sqlite_api::sqlite3_exec(sqlite, sql, nullptr, nullptr, nullptr);
}

void execute(sqlite_api::sqlite3* sqlite, const char* sql) {
  if (try_execute(sqlite, sql) == SQLITE_OK) return;
  Fault fault = judge_sqlite(sqlite_api::sqlite3_extended_errcode(sqlite),
                             sqlite_api::sqlite3_errmsg(sqlite));
  fault.text.insert(0, std::string(sql) + ": ");
  throw QueryError(std::move(fault));
}

/// With WAL, readers and the one writer do not wait for each other. Changing the mode does not
/// honour the busy timeout, so several processes that open a new file meet here.
void enter_wal(sqlite_api::sqlite3* sqlite, seconds timeout) {
  constexpr const char* kPragma = "PRAGMA journal_mode=WAL";
  constexpr int kPauseMs = 10;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (try_execute(sqlite, kPragma) == SQLITE_BUSY) {
    if (std::chrono::steady_clock::now() >= deadline) break;
    sqlite_api::sqlite3_sleep(kPauseMs);
  }
  execute(sqlite, kPragma);
}

}  // namespace

void open_sqlite(soci::session& session, const DatabaseSettings& settings, IfAbsent if_absent) {
  const std::string& path = settings.connection;
  require_file(path, if_absent);
  try {
    session.open(soci::sqlite3, sqlite_connect_string(path));
  } catch (const soci::sqlite3_soci_error& error) {
    Fault fault = judge_sqlite(error.result(), error.get_error_message());
    fault.text.insert(0, "open " + path + ": ");
    throw QueryError(std::move(fault));
  }
  auto* sqlite = sqlite_of(session);
  sqlite_api::sqlite3_busy_timeout(
      sqlite, static_cast<int>(std::min<std::int64_t>(settings.timeout.count(), 86'400) * 1000));
  enter_wal(sqlite, settings.timeout);
  // WAL's usual NORMAL may lose the latest commits in a power cut: revoked tokens would be valid
  // again.
  execute(sqlite, "PRAGMA synchronous=FULL");
  execute(sqlite, "PRAGMA foreign_keys=ON");
}

}  // namespace jwt_auth
