#include "store/connection.hpp"

#include "store/postgresql_session.hpp"

namespace jwt_auth {

Connection::Connection(const DatabaseSettings& settings, IfAbsent if_absent,
                       std::optional<Deadline> deadline, const HostAddresses& addresses)
    : kind_(settings.kind) {
  if (is_sqlite()) {
    sqlite_ = std::make_unique<SqliteSession>(settings, if_absent);
  } else {
    postgresql_ = std::make_unique<PostgresqlSession>(settings, addresses, deadline);
  }
}

Connection::~Connection() = default;

void Connection::allow_until(Deadline deadline) {
  if (postgresql_) postgresql_->allow_until(deadline);
}

const Row* Connection::one(const Query& query, Values values) {
  return sqlite_ ? sqlite_->one(query, values) : postgresql_->one(query, values);
}

void Connection::each(const Query& query, Values values,
                      const std::function<void(const Row&)>& take) {
  sqlite_ ? sqlite_->each(query, values, take) : postgresql_->each(query, values, take);
}

std::int64_t Connection::run(const Query& query, Values values) {
  return sqlite_ ? sqlite_->run(query, values) : postgresql_->run(query, values);
}

void Connection::run_once(const std::string& sql) {
  sqlite_ ? sqlite_->run_once(sql) : postgresql_->run_once(sql);
}

void Connection::begin() {
  sqlite_ ? sqlite_->begin() : postgresql_->begin();
}

void Connection::commit() {
  sqlite_ ? sqlite_->commit() : postgresql_->commit();
}

void Connection::rollback() {
  sqlite_ ? sqlite_->rollback() : postgresql_->rollback();
}

}  // namespace jwt_auth
