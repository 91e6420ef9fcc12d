#include "store/connection.hpp"

#include "store/soci_handles.hpp"

#include <cstring>
#include <stdexcept>
#include <type_traits>

namespace jwt_auth {

using Kind = DatabaseSettings::Kind;

/// Stays where it is: SOCI keeps the addresses of the cells.
struct Prepared {
  Prepared(soci::session& session, const Query& query)
      : statement(session),
        parameters(std::strlen(query.parameters)),
        columns(std::strlen(query.columns)) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      Cell& cell = parameters[i];
      cell.letter = query.parameters[i];
      cell.letter == 'n' ? statement.exchange(soci::use(cell.number, cell.indicator))
                         : statement.exchange(soci::use(cell.text, cell.indicator));
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      Cell& cell = columns[i];
      cell.letter = query.columns[i];
      cell.letter == 'n' ? statement.exchange(soci::into(cell.number, cell.indicator))
                         : statement.exchange(soci::into(cell.text, cell.indicator));
    }
    statement.alloc();
    statement.prepare(query.sql);
    statement.define_and_bind();
  }

  void set(Values values) {
    if (values.size() != parameters.size()) throw std::logic_error("wrong number of values");
    std::size_t i = 0;
    for (const Value& value : values) set(parameters[i++], value);
  }

  static void set(Cell& cell, const Value& value) {
    cell.indicator = soci::i_ok;
    if (std::holds_alternative<std::nullptr_t>(value)) {
      cell.indicator = soci::i_null;
    } else if (const auto* number = std::get_if<std::int64_t>(&value); number != nullptr) {
      if (cell.letter != 'n') throw std::logic_error("a number for a text");
      cell.number = *number;
    } else {
      if (cell.letter != 's') throw std::logic_error("a text for a number");
      const std::string_view text = std::get<std::string_view>(value);
      // PostgreSQL would take what is before it.
      if (text.find('\0') != std::string_view::npos) {
        throw std::runtime_error("a text with a NUL cannot be stored");
      }
      cell.text.assign(text);
    }
  }

  soci::statement statement;
  Row parameters, columns;
};

namespace {

/// A SELECT that stopped at a row would keep SQLite's read transaction open: all later reads on
/// this connection would see the database as it was then, without the revocations since.
class Running {
 public:
  Running(Prepared& prepared, Values values, bool is_sqlite)
      : statement_(prepared.statement), is_sqlite_(is_sqlite) {
    prepared.set(values);
  }
  ~Running() {
    if (!is_sqlite_) return;
    sqlite_api::sqlite3_reset(sqlite_of(statement_));
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  bool first() { return statement_.execute(true); }
  bool next() { return statement_.fetch(); }
  std::int64_t changes() { return statement_.get_affected_rows(); }

 private:
  soci::statement& statement_;
  const bool is_sqlite_;
};

}  // namespace

Connection::Connection(const DatabaseSettings& settings, IfAbsent if_absent)
    : kind_(settings.kind), session_(std::make_unique<soci::session>()) {
  is_sqlite() ? open_sqlite(*session_, settings, if_absent) : open_postgresql(*session_, settings);
}

Connection::~Connection() = default;

Prepared& Connection::prepared(const Query& query) {
  std::unique_ptr<Prepared>& slot = prepared_[&query];
  if (!slot) slot = std::make_unique<Prepared>(*session_, query);
  return *slot;
}

const Row* Connection::one(const Query& query, Values values) {
  Prepared& statement = prepared(query);
  Running running(statement, values, is_sqlite());
  return running.first() ? &statement.columns : nullptr;
}

void Connection::each(const Query& query, Values values,
                      const std::function<void(const Row&)>& take) {
  Prepared& statement = prepared(query);
  Running running(statement, values, is_sqlite());
  for (bool has_row = running.first(); has_row; has_row = running.next()) take(statement.columns);
}

std::int64_t Connection::run(const Query& query, Values values) {
  Running running(prepared(query), values, is_sqlite());
  running.first();
  return running.changes();
}

void Connection::run_once(const std::string& sql) {
  *session_ << sql;
}

void Connection::begin() {
  run_once(is_sqlite() ? "BEGIN IMMEDIATE" : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
}

void Connection::commit() {
  session_->commit();
}

void Connection::rollback() {
  // An error may have ended the transaction already; then ROLLBACK would be another.
  if (is_sqlite() && sqlite_api::sqlite3_get_autocommit(sqlite_of(*session_)) != 0) return;
  session_->rollback();
}

Fault Connection::fault_of(const soci::soci_error& error) const {
  // Not what(): it has the statement's values in it.
  const std::string message = error.get_error_message();
  if (is_sqlite()) {
    if (dynamic_cast<const soci::sqlite3_soci_error*>(&error) == nullptr) {
      return {Fault::Kind::kBug, "SOCI: " + message};
    }
    const int code = sqlite_api::sqlite3_extended_errcode(sqlite_of(*session_));
    return judge_sqlite(code, message);
  }
  const bool is_lost = PQstatus(postgresql_of(*session_)) != CONNECTION_OK;
  const auto* refused = dynamic_cast<const soci::postgresql_soci_error*>(&error);
  return judge_postgresql(refused != nullptr ? refused->sqlstate() : "", is_lost, message);
}

}  // namespace jwt_auth
