// One open connection, to whichever engine. Used by Database alone, on its thread.
#pragma once

#include "settings/settings.hpp"
#include "store/deadline.hpp"
#include "store/fault.hpp"
#include "store/host_addresses.hpp"
#include "store/query.hpp"
#include "store/sqlite_session.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace jwt_auth {

class PostgresqlSession;

/// Functions throw QueryError.
class Connection {
 public:
  /// Throws also StoreUnavailable: there is no SQLite file. `deadline`: as of allow_until, and for
  /// the connection itself; without one each statement has the time of the settings.
  Connection(const DatabaseSettings& settings, IfAbsent if_absent,
             std::optional<Deadline> deadline = std::nullopt,
             const HostAddresses& addresses = HostAddresses());
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  DatabaseSettings::Kind kind() const { return kind_; }
  bool is_sqlite() const { return kind_ == DatabaseSettings::Kind::kSqlite; }

  /// Until when all statements have time, until the next call of this. SQLite has its own limit,
  /// for each wait for a lock.
  void allow_until(Deadline deadline);

  /// The only row, nullptr if there is none.
  const Row* one(const Query& query, Values values);
  void each(const Query& query, Values values, const std::function<void(const Row&)>& take);
  /// How many rows it changed.
  std::int64_t run(const Query& query, Values values);
  /// Without parameters and not kept: for the schema.
  void run_once(const std::string& sql);

  /// A transaction that may write.
  void begin();
  void commit();
  void rollback();

 private:
  const DatabaseSettings::Kind kind_;
  // One of the two.
  std::unique_ptr<SqliteSession> sqlite_;
  std::unique_ptr<PostgresqlSession> postgresql_;
};

}  // namespace jwt_auth
