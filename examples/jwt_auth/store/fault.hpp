// What a database error means to the caller: repeat the request, or fix the program.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace jwt_auth {

/// A row would violate a unique, foreign-key or not-null constraint. Callers that expect this catch
/// it; to all others it is a bug like any runtime_error.
class ConstraintViolation : public std::runtime_error {
 public:
  enum class Kind { kUnique, kOther };
  ConstraintViolation(const std::string& text, Kind kind) : std::runtime_error(text), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

struct Fault {
  enum class Kind {
    kUnavailable,  ///< locked, too slow, full: the connection is still good
    kBroken,       ///< as kUnavailable, and the connection is no longer usable
    kSilent,       ///< as kBroken: no answer came in time, and another try would wait as long
    kUnique,
    kConstraint,
    kUnstorable,  ///< a text that the database's encoding cannot represent
    kBug,
  } kind = Kind::kBug;
  std::string text;  ///< for the log; contains no value of a row
};

/// A failed statement, before anybody has decided what that means for the request.
class QueryError : public std::runtime_error {
 public:
  explicit QueryError(Fault fault) : std::runtime_error(fault.text), fault_(std::move(fault)) {}
  const Fault& fault() const { return fault_; }

 private:
  Fault fault_;
};

/// Judges an extended result code.
Fault judge_sqlite(int code, std::string_view message);
/// Judges a SQLSTATE; without one, the error is libpq's and concerns its connection. `is_lost`:
/// libpq reports that the connection is gone.
Fault judge_postgresql(std::string_view sqlstate, bool is_lost, std::string_view message);
/// Throws the exception for the fault; its text begins with the operation: "user_by_id: ...".
[[noreturn]] void raise(const Fault& fault, std::string_view operation);

}  // namespace jwt_auth
