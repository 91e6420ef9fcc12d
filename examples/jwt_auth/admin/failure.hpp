// The reason why a command failed. In jwt_auth_admin.
#pragma once

#include <stdexcept>
#include <string>

namespace jwt_auth::admin {

/// Also the value that main() returns.
enum class ExitCode { kOk = 0, kFailed = 1, kBadUsage = 2 };

/// A sentence for the operator; main() prints it and returns the code.
class Failure : public std::runtime_error {
 public:
  explicit Failure(const std::string& text, ExitCode code = ExitCode::kFailed)
      : std::runtime_error(text), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

}  // namespace jwt_auth::admin
