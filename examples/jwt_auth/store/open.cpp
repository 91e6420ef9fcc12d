#include "store/open.hpp"

#include "store/fault.hpp"
#include "store/records.hpp"
#include "store/soci_handles.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <memory>
#include <system_error>

#include <fcntl.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <unistd.h>

namespace jwt_auth {
namespace {

std::string error_text() {
  return std::generic_category().message(errno);
}

/// SQLite itself would make the file in either case: a typing error would become an empty database.
void require_file(const std::string& path, IfAbsent if_absent) {
  if (if_absent == IfAbsent::kRefuse) {
    if (::access(path.c_str(), F_OK) == 0) return;
    throw StoreUnavailable("database " + path + ": " + error_text() +
                           " (jwt_auth_admin migrate makes it)");
  }
  // It holds hashes of passwords, and tokens.
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) throw StoreUnavailable("database " + path + ": " + error_text());
  ::close(file);
}

std::string sqlite_connect_string(const std::string& path) {
  // SOCI takes a text without "=" as the file's name; otherwise it reads options, and quotes.
  if (path.find('=') == std::string::npos) return path;
  return "dbname=\"" + path + '"';
}

int try_execute(sqlite_api::sqlite3* sqlite, const char* sql) {
  return sqlite_api::sqlite3_exec(sqlite, sql, nullptr, nullptr, nullptr);
}

void execute(sqlite_api::sqlite3* sqlite, const char* sql) {
  if (try_execute(sqlite, sql) == SQLITE_OK) return;
  raise(judge_sqlite(sqlite_api::sqlite3_extended_errcode(sqlite),
                     sqlite_api::sqlite3_errmsg(sqlite)),
        sql);
}

/// Readers and the one writer do not wait for each other then. The change of the mode itself does
/// not wait for others, whatever the busy timeout: several that open a new file meet here.
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

std::string quoted(std::string_view value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out += '\'';
}

/// What the operator wrote, and our defaults for what he did not.
std::string postgresql_connect_string(const DatabaseSettings& settings) {
  const std::string timeout = std::to_string(settings.timeout.count());
  std::map<std::string, std::string> options{
      {"connect_timeout", timeout},
      {"fallback_application_name", "jwt_auth"},
      {"client_encoding", "UTF8"},
      // A server that vanishes without a word, while we wait for its answer or before.
      {"tcp_user_timeout", std::to_string(settings.timeout.count() * 1000)},
      {"keepalives_idle", timeout},
      {"keepalives_interval", "1"},
      {"keepalives_count", "3"},
  };
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> given(
      PQconninfoParse(settings.connection.c_str(), nullptr), &PQconninfoFree);
  // libpq's message would quote it, and the password with it.
  if (!given) throw std::runtime_error("the database's connection string cannot be read");
  for (const PQconninfoOption* option = given.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) options[option->keyword] = option->val;
  }
  std::string text;
  for (const auto& [keyword, value] : options) text += keyword + '=' + quoted(value) + ' ';
  return text;
}

}  // namespace

void open_sqlite(soci::session& session, const DatabaseSettings& settings, IfAbsent if_absent) {
  const std::string& path = settings.connection;
  require_file(path, if_absent);
  try {
    session.open(soci::sqlite3, sqlite_connect_string(path));
  } catch (const soci::sqlite3_soci_error& error) {
    raise(judge_sqlite(error.result(), error.get_error_message()), "open " + path);
  }
  auto* sqlite = sqlite_of(session);
  sqlite_api::sqlite3_busy_timeout(
      sqlite, static_cast<int>(std::min<std::int64_t>(settings.timeout.count(), 86'400) * 1000));
  enter_wal(sqlite, settings.timeout);
  // WAL's usual NORMAL may lose the latest commits in a power cut: tokens that were revoked would
  // be good again.
  execute(sqlite, "PRAGMA synchronous=FULL");
  execute(sqlite, "PRAGMA foreign_keys=ON");
}

void open_postgresql(soci::session& session, const DatabaseSettings& settings) {
  const std::string milliseconds = std::to_string(settings.timeout.count() * 1000);
  try {
    session.open(soci::postgresql, postgresql_connect_string(settings));
    // By default libpq writes to stderr.
    PQsetNoticeProcessor(
        postgresql_of(session), [](void*, const char*) {}, nullptr);
    session << "SET statement_timeout = " + milliseconds;
    // A worker that is stopped in the midst of a transaction must not stop the others for longer.
    session << "SET idle_in_transaction_session_timeout = " + milliseconds;
    // As on SQLite: a revocation that was answered for survives a power cut.
    session << "SELECT set_config('synchronous_commit', 'on', false) "
               "WHERE current_setting('synchronous_commit') = 'off'";
  } catch (const soci::soci_error& error) {
    // Without connection there is no SQLSTATE. Of all that can be wrong here, an operator's hand
    // or time mends it.
    raise(judge_postgresql("", true, error.get_error_message()), "connect");
  }
}

}  // namespace jwt_auth
