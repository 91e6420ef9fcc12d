// One open connection, to either engine. Used only by Database, on its thread.
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

/// Every function throws QueryError.
class Connection {
 public:
  /// Also throws StoreUnavailable if there is no SQLite file. `deadline`: as in allow_until, for
  /// the connecting itself, too; without a deadline each statement has the time of the settings.
  Connection(const DatabaseSettings& settings, IfAbsent if_absent,
             std::optional<Deadline> deadline = std::nullopt,
             const HostAddresses& addresses = HostAddresses());
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  DatabaseSettings::Kind kind() const { return kind_; }
  bool is_sqlite() const { return kind_ == DatabaseSettings::Kind::kSqlite; }

  /// Sets the deadline of all statements up to the next call. SQLite instead limits each wait for a
  /// lock.
  void allow_until(Deadline deadline);

  /// The only row; nullptr if there is none.
  const Row* one(const Query& query, Values values);
  void each(const Query& query, Values values, const std::function<void(const Row&)>& take);
  /// Returns the number of changed rows.
  std::int64_t run(const Query& query, Values values);
  /// For the schema: no parameters, and the statement is not kept.
  void run_once(const std::string& sql);

  /// Begins a transaction that may write.
  void begin();
  void commit();
  void rollback();

 private:
  const DatabaseSettings::Kind kind_;
  // Exactly one of the two is set.
  std::unique_ptr<SqliteSession> sqlite_;
  std::unique_ptr<PostgresqlSession> postgresql_;
};

}  // namespace jwt_auth
