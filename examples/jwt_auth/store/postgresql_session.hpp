// An open PostgreSQL connection that leaves nothing in the server's session, neither a prepared
// statement nor a setting: behind a pooler another application's statements follow there. Used only
// by Connection, on its thread.
#pragma once

#include "settings/settings.hpp"
#include "store/postgresql_link.hpp"
#include "store/query.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace jwt_auth {

/// Every function throws QueryError.
class PostgresqlSession {
 public:
  /// `deadline`: for connecting and all that follows, until another one is set; without a deadline
  /// each statement has the time of the settings.
  PostgresqlSession(const DatabaseSettings& settings, const HostAddresses& addresses,
                    std::optional<Deadline> deadline);

  void allow_until(Deadline deadline) { deadline_ = deadline; }

  const Row* one(const Query& query, Values values);
  void each(const Query& query, Values values, const std::function<void(const Row&)>& take);
  std::int64_t run(const Query& query, Values values);
  void run_once(const std::string& sql);

  void begin();
  void commit();
  void rollback();

 private:
  struct Statement {
    explicit Statement(const Query& query);
    std::string sql;
    Row parameters, columns;
  };

  Statement& statement(const Query& query);
  OwnedResult execute(Statement& statement, Values values);
  OwnedResult execute(const PostgresqlMessage& message);
  void end_transaction(const char* sql);
  Deadline deadline() const { return deadline_.value_or(Deadline::in(timeout_)); }

  const milliseconds timeout_;
  std::optional<Deadline> deadline_;
  PostgresqlLink link_;
  std::map<const Query*, Statement> statements_;
  bool is_in_transaction_ = false;
  /// The limit that the transaction set for a statement.
  milliseconds servers_limit_{0};
};

/// Replaces ":name" with "$1" and so on, in the order of the text.
std::string with_numbered_parameters(std::string_view sql);

}  // namespace jwt_auth
