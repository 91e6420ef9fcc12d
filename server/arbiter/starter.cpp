#include "server/arbiter/starter.hpp"

#include "base/append_file.hpp"
#include "base/escape.hpp"

#include <utility>

#include <unistd.h>

namespace alicorn {

Result<void> Starter::leave_for_background(milliseconds patience) {
  auto report = daemonize(patience);
  if (!report) return tl::unexpected(report.error());
  report_ = std::move(*report);
  return {};
}

void Starter::tell_failure(ExitCode code, const std::string& line) {
  report_.send(code, line);
  upgrade_.say_failure(line);
}

void Starter::complain(ExitCode code, std::string_view text) {
  std::string line = "alicorn: ";
  append_escaped(line, text, Escaping::kText);
  tell_failure(code, line);
  // The process ends even if the terminal is held, or nobody reads the pipe.
  if (log_is_elsewhere_) {
    static_cast<void>(AppendFile::borrow(STDERR_FILENO).append(line + '\n'));
  }
}

}  // namespace alicorn
