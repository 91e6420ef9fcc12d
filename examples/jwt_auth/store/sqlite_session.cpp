#include "store/sqlite_session.hpp"

#include "store/open_sqlite.hpp"
#include "store/soci_handles.hpp"

namespace jwt_auth {

/// Must not move: SOCI keeps the addresses of the cells and of their indicators.
struct SqliteSession::Prepared {
  Prepared(soci::session& session, const Query& query)
      : statement(session),
        parameters(cells_for(query.parameters)),
        columns(cells_for(query.columns)),
        parameters_null(parameters.size()),
        columns_null(columns.size()) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      Cell& cell = parameters[i];
      cell.letter == 'n' ? statement.exchange(soci::use(cell.number, parameters_null[i]))
                         : statement.exchange(soci::use(cell.text, parameters_null[i]));
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      Cell& cell = columns[i];
      cell.letter == 'n' ? statement.exchange(soci::into(cell.number, columns_null[i]))
                         : statement.exchange(soci::into(cell.text, columns_null[i]));
    }
    statement.alloc();
    statement.prepare(query.sql);
    statement.define_and_bind();
  }

  void set(Values values) {
    set_cells(parameters, values);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      parameters_null[i] = parameters[i].is_null ? soci::i_null : soci::i_ok;
    }
  }

  /// `has_row`: what SOCI reported.
  bool take(bool has_row) {
    for (std::size_t i = 0; has_row && i < columns.size(); ++i) {
      columns[i].is_null = columns_null[i] == soci::i_null;
    }
    return has_row;
  }

  soci::statement statement;
  Row parameters, columns;
  std::vector<soci::indicator> parameters_null, columns_null;
};

/// A SELECT that stops at a row would keep SQLite's read transaction open: all later reads on this
/// connection would see the old database, without the revocations since.
class SqliteSession::Running {
 public:
  Running(Prepared& prepared, Values values) : prepared_(prepared) { prepared.set(values); }
  ~Running() { sqlite_api::sqlite3_reset(sqlite_of(prepared_.statement)); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  bool first() { return prepared_.take(prepared_.statement.execute(true)); }
  bool next() { return prepared_.take(prepared_.statement.fetch()); }
  std::int64_t changes() { return prepared_.statement.get_affected_rows(); }

 private:
  Prepared& prepared_;
};

template <class Work>
auto SqliteSession::explained(Work work) {
  try {
    return work();
  } catch (const soci::soci_error& error) {
    // Not what(), which contains the statement's values.
    const std::string message = error.get_error_message();
    if (dynamic_cast<const soci::sqlite3_soci_error*>(&error) == nullptr) {
      throw QueryError({Fault::Kind::kBug, "SOCI: " + message});
    }
    throw QueryError(
        judge_sqlite(sqlite_api::sqlite3_extended_errcode(sqlite_of(session_)), message));
  }
}

SqliteSession::SqliteSession(const DatabaseSettings& settings, IfAbsent if_absent) {
  open_sqlite(session_, settings, if_absent);
}

SqliteSession::~SqliteSession() = default;

SqliteSession::Prepared& SqliteSession::prepared(const Query& query) {
  std::unique_ptr<Prepared>& slot = prepared_[&query];
  if (!slot) slot = std::make_unique<Prepared>(session_, query);
  return *slot;
}

const Row* SqliteSession::one(const Query& query, Values values) {
  return explained([&]() -> const Row* {
    Prepared& statement = prepared(query);
    Running running(statement, values);
    return running.first() ? &statement.columns : nullptr;
  });
}

void SqliteSession::each(const Query& query, Values values,
                         const std::function<void(const Row&)>& take) {
  explained([&] {
    Prepared& statement = prepared(query);
    Running running(statement, values);
    for (bool has_row = running.first(); has_row; has_row = running.next()) {
      take(statement.columns);
    }
  });
}

std::int64_t SqliteSession::run(const Query& query, Values values) {
  return explained([&] {
    Running running(prepared(query), values);
    running.first();
    return running.changes();
  });
}

void SqliteSession::run_once(const std::string& sql) {
  explained([&] { session_ << sql; });
}

void SqliteSession::begin() {
  // IMMEDIATE waits for the other writer here, not halfway through the transaction.
  run_once("BEGIN IMMEDIATE");
}

void SqliteSession::commit() {
  explained([&] { session_.commit(); });
}

void SqliteSession::rollback() {
  // The error may have ended the transaction already; then ROLLBACK would fail as well.
  if (sqlite_api::sqlite3_get_autocommit(sqlite_of(session_)) != 0) return;
  explained([&] { session_.rollback(); });
}

}  // namespace jwt_auth
