#include "store/fault.hpp"

#include "store/records.hpp"

#include <algorithm>
#include <array>

#include <sqlite3.h>

namespace jwt_auth {
namespace {

using Kind = Fault::Kind;

constexpr std::string_view kHint = " (is every migration applied? jwt_auth_admin migrate)";

/// Joins the lines: libpq's texts have several.
std::string one_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return line;
}

Kind kind_of_sqlite(int code) {
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return Kind::kUnique;
    case SQLITE_READONLY_DBMOVED:  // the name is another file's now: our writes are lost
      return Kind::kBroken;
    default:
      break;
  }
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      return Kind::kConstraint;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
    case SQLITE_PROTOCOL:
      return Kind::kUnavailable;
    // An operator repairs these by replacing the file: open it again.
    case SQLITE_CANTOPEN:
    case SQLITE_CORRUPT:
    case SQLITE_IOERR:
    case SQLITE_NOTADB:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return Kind::kBroken;
    default:
      return Kind::kBug;
  }
}

Kind kind_of_postgresql(std::string_view state) {
  static constexpr std::array<std::string_view, 3> kUnavailable{
      "55P03",  // lock_not_available
      "57014",  // query_canceled: statement_timeout
      "72000",  // snapshot_too_old
  };
  static constexpr std::array<std::string_view, 6> kBroken{
      "25006",           // read-only: this server has become a standby
      "25P03", "25P04",  // it ended a transaction that was idle or took too long
      "0A000",           // cached plan must not change result type: a migration ran
      "26000", "42P05",  // a prepared statement is missing or exists: a pooler changed servers
  };
  const auto is_in = [state](const auto& states) {
    return std::find(states.begin(), states.end(), state) != states.end();
  };
  if (is_in(kUnavailable)) return Kind::kUnavailable;
  if (is_in(kBroken)) return Kind::kBroken;
  if (state == "23505") return Kind::kUnique;
  if (state.starts_with("23")) return Kind::kConstraint;
  // A character that the encoding does not have, or bytes that are not a character.
  if (state == "22P05" || state == "22021") return Kind::kUnstorable;
  // 40003: unknown whether the statement completed. The others in class 40: serialization failure,
  // deadlock. 53: out of memory, disk or connections.
  if (state == "40003") return Kind::kBroken;
  if (state.starts_with("40") || state.starts_with("53")) return Kind::kUnavailable;
  // 08: connection, also from poolers; 57: operator intervention, or starting up; 58: system error;
  // XX: internal error, corruption.
  for (const std::string_view its_fault : {"08", "57", "58", "XX"}) {
    if (state.starts_with(its_fault)) return Kind::kBroken;
  }
  return Kind::kBug;
}

}  // namespace

Fault judge_sqlite(int code, std::string_view message) {
  // SQLite's messages name tables and columns, but never a value.
  Fault fault{kind_of_sqlite(code), "SQLite error " + std::to_string(code) + ": "};
  fault.text += one_line(message);
  if (fault.kind == Kind::kBug) fault.text += kHint;
  return fault;
}

Fault judge_postgresql(std::string_view sqlstate, bool is_lost, std::string_view message) {
  Fault fault;
  // Every error of a server has a code. An error without one is libpq's: it lost the connection,
  // which PQstatus may not know yet, or it did not understand the answer.
  const bool has_state = sqlstate.find(' ') == std::string_view::npos && !sqlstate.empty();
  const Kind kind = has_state ? kind_of_postgresql(sqlstate) : Kind::kBroken;
  fault.kind = is_lost ? Kind::kBroken : kind;
  fault.text = "PostgreSQL error " + std::string(has_state ? sqlstate : "without a code");
  // Other messages quote values: "Key (username)=(bob) already exists.". Those of class 42 are
  // about the statement, whose values are all bound.
  const bool is_statement = sqlstate.starts_with("42");
  if (is_statement || kind == Kind::kUnavailable || kind == Kind::kBroken) {
    fault.text += ": " + one_line(message);
  }
  if (is_statement && fault.kind == Kind::kBug) fault.text += kHint;
  return fault;
}

void raise(const Fault& fault, std::string_view operation) {
  std::string text(operation);
  text.append(": ").append(fault.text);
  switch (fault.kind) {
    case Kind::kUnavailable:
    case Kind::kBroken:
    case Kind::kSilent:
      throw StoreUnavailable(text);
    case Kind::kUnique:
      throw ConstraintViolation(text, ConstraintViolation::Kind::kUnique);
    case Kind::kConstraint:
      throw ConstraintViolation(text, ConstraintViolation::Kind::kOther);
    case Kind::kUnstorable:
    case Kind::kBug:
      break;
  }
  throw std::runtime_error(text);
}

}  // namespace jwt_auth
