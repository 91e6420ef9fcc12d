// What an error of a database means to the one who asked: repeat the request, or mend the program.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace jwt_auth {

/// A row would break a unique, foreign-key or not-null constraint. Callers that expect one catch
/// it; to the others it is a bug like any runtime_error.
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
    kUnavailable,  ///< locked, too slow, full: the connection is good
    kBroken,       ///< as unavailable, and the connection is of no more use
    kSilent,       ///< as broken: no answer came in time, and another try would wait as long
    kUnique,
    kConstraint,
    kUnstorable,  ///< a text that the database's encoding does not have
    kBug,
  } kind = Kind::kBug;
  std::string text;  ///< for the log, without a value of a row
};

/// What went wrong with a statement, before anybody has judged what that means to a request.
class QueryError : public std::runtime_error {
 public:
  explicit QueryError(Fault fault) : std::runtime_error(fault.text), fault_(std::move(fault)) {}
  const Fault& fault() const { return fault_; }

 private:
  Fault fault_;
};

/// By the extended result code.
Fault judge_sqlite(int code, std::string_view message);
/// By the five letters of SQLSTATE; without them libpq speaks, of its connection. `is_lost`: libpq
/// says that there is none any more.
Fault judge_postgresql(std::string_view sqlstate, bool is_lost, std::string_view message);
/// Throws what the fault means, "user_by_id: ..." in front.
[[noreturn]] void raise(const Fault& fault, std::string_view operation);

}  // namespace jwt_auth
