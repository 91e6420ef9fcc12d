#include "store/postgresql_session.hpp"

#include "store/fault.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace jwt_auth {
namespace {

// All settings end with the transaction, be it a single statement or one that we begin.
constexpr const char* kLimit = "SELECT set_config('statement_timeout', $1, true)";

constexpr const char* kBegin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
// A worker that is stopped within a transaction must not block others for longer than this. And as
// on SQLite, an acknowledged revocation must survive a power cut.
constexpr const char* kTransaction =
    "SELECT set_config('statement_timeout', $1, true), "
    "set_config('idle_in_transaction_session_timeout', $2, true), "
    "set_config('synchronous_commit', CASE current_setting('synchronous_commit') "
    "WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, true)";

std::string setting_of(milliseconds time) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int32_t>::max();
  return std::to_string(std::clamp<std::int64_t>(time.count(), 1, kMax));
}

/// A live server ends a statement itself, a little before we stop waiting: then it gives the
/// reason, and the connection survives.
milliseconds limit_for_server(Deadline deadline) {
  return deadline.left() * 9 / 10;
}

/// PgBouncer's error has no code of its own.
Fault with_way_out(Fault fault) {
  if (fault.text.find("statement pooling mode") != std::string::npos) {
    fault.text += " (PgBouncer's pool_mode must be transaction or session)";
  }
  return fault;
}

/// An administrator's process ends before it could profit from a slow look-up, so all names are
/// looked up before the time of a statement begins.
constexpr seconds kAdministratorsLookUp(30);

void look_up_all(const std::vector<PostgresqlOptions>& hosts, const HostAddresses& addresses) {
  for (const PostgresqlOptions& host : hosts) {
    const std::string name = name_to_look_up(host);
    if (name.empty()) continue;
    try {
      addresses.of(name, Deadline::in(kAdministratorsLookUp));
    } catch (const QueryError&) {
      // Reported when the host is tried.
    }
  }
}

PostgresqlLink connected(const DatabaseSettings& settings, const HostAddresses& addresses,
                         std::optional<Deadline> deadline) {
  const std::vector<PostgresqlOptions> hosts = postgresql_attempts(settings);
  if (!deadline) look_up_all(hosts, addresses);
  return PostgresqlLink(hosts, addresses, deadline.value_or(Deadline::in(settings.timeout)));
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || c == '_';
}

void read_row(const PGresult* result, int index, Row& row) {
  if (PQnfields(result) != static_cast<int>(row.size())) {
    throw std::logic_error("wrong number of columns");
  }
  int column = 0;
  for (Cell& cell : row) {
    cell.is_null = PQgetisnull(result, index, column) != 0;
    const char* text = PQgetvalue(result, index, column);
    if (cell.letter == 'n') {
      cell.number = cell.is_null ? 0 : std::strtoll(text, nullptr, 10);
    } else {
      cell.text.assign(text, static_cast<std::size_t>(PQgetlength(result, index, column)));
    }
    ++column;
  }
}

}  // namespace

std::string with_numbered_parameters(std::string_view sql) {
  std::string out;
  int number = 0;
  bool is_quoted = false;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    const char c = sql[i];
    if (c == '\'') is_quoted = !is_quoted;
    const bool is_cast = i > 0 && sql[i - 1] == ':';
    if (is_quoted || c != ':' || is_cast || i + 1 == sql.size() || !is_letter(sql[i + 1])) {
      out += c;
      continue;
    }
    out.append(1, '$').append(std::to_string(++number));
    while (i + 1 < sql.size() && is_letter(sql[i + 1])) ++i;
  }
  return out;
}

PostgresqlSession::Statement::Statement(const Query& query)
    : sql(with_numbered_parameters(query.sql)),
      parameters(cells_for(query.parameters)),
      columns(cells_for(query.columns)) {}

PostgresqlSession::PostgresqlSession(const DatabaseSettings& settings,
                                     const HostAddresses& addresses,
                                     std::optional<Deadline> deadline)
    : timeout_(settings.timeout),
      deadline_(deadline),
      link_(connected(settings, addresses, deadline)) {}

PostgresqlSession::Statement& PostgresqlSession::statement(const Query& query) {
  return statements_.try_emplace(&query, query).first->second;
}

const Row* PostgresqlSession::one(const Query& query, Values values) {
  Statement& asked = statement(query);
  OwnedResult result;
  try {
    result = execute(asked, values);
  } catch (const QueryError& error) {
    // No row can contain such a text, so no row matches. In a transaction, however, it is an error.
    if (error.fault().kind != Fault::Kind::kUnstorable || is_in_transaction_) throw;
    return nullptr;
  }
  if (PQntuples(result.get()) == 0) return nullptr;
  read_row(result.get(), 0, asked.columns);
  return &asked.columns;
}

void PostgresqlSession::each(const Query& query, Values values,
                             const std::function<void(const Row&)>& take) {
  Statement& asked = statement(query);
  const OwnedResult result = execute(asked, values);
  for (int i = 0; i < PQntuples(result.get()); ++i) {
    read_row(result.get(), i, asked.columns);
    take(asked.columns);
  }
}

std::int64_t PostgresqlSession::run(const Query& query, Values values) {
  const OwnedResult result = execute(statement(query), values);
  return std::strtoll(PQcmdTuples(result.get()), nullptr, 10);
}

void PostgresqlSession::run_once(const std::string& sql) {
  execute({sql.c_str()});
}

OwnedResult PostgresqlSession::execute(Statement& statement, Values values) {
  set_cells(statement.parameters, values);
  PostgresqlMessage message{statement.sql.c_str()};
  for (Cell& cell : statement.parameters) {
    if (cell.letter == 'n') cell.text = std::to_string(cell.number);
    message.values.push_back(cell.is_null ? nullptr : cell.text.c_str());
  }
  return execute(message);
}

OwnedResult PostgresqlSession::execute(const PostgresqlMessage& message) {
  const Deadline end = deadline();
  const milliseconds limit = limit_for_server(end);
  // Within a transaction its first limit is kept until much of the time is used up.
  if (is_in_transaction_ && servers_limit_ * 95 / 100 <= limit) return link_.ask({message}, end);
  const std::string text = setting_of(limit);
  OwnedResult result = link_.ask({{kLimit, {text.c_str()}}, message}, end);
  servers_limit_ = limit;
  return result;
}

void PostgresqlSession::begin() {
  const Deadline end = deadline();
  const milliseconds limit = limit_for_server(end);
  const std::string statement = setting_of(limit), idle = setting_of(timeout_);
  try {
    link_.ask({{kBegin}, {kTransaction, {statement.c_str(), idle.c_str()}}}, end);
  } catch (const QueryError& error) {
    throw QueryError(with_way_out(error.fault()));
  }
  is_in_transaction_ = true;
  servers_limit_ = limit;
}

void PostgresqlSession::commit() {
  end_transaction("COMMIT");
}

void PostgresqlSession::rollback() {
  end_transaction("ROLLBACK");
}

void PostgresqlSession::end_transaction(const char* sql) {
  const OwnedResult result = link_.ask({{sql}}, deadline());
  is_in_transaction_ = false;
  // Committing a failed transaction rolls it back, which the server does not report as an error.
  if (const std::string did = PQcmdStatus(result.get()); did != sql) {
    throw QueryError({Fault::Kind::kBug, std::string(sql) + " ended as a " + did});
  }
}

}  // namespace jwt_auth
