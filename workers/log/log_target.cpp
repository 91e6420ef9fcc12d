#include "workers/log/log_target.hpp"

#include <utility>

#include <unistd.h>

namespace alicorn {

Result<std::unique_ptr<LogTarget>> FileTarget::open(const std::string& path) {
  Result<AppendFile> file = AppendFile::open(path, STDOUT_FILENO);
  if (!file) return tl::unexpected(file.error());
  return std::make_unique<FileTarget>(std::move(*file), path);
}

FileTarget::FileTarget(AppendFile file, std::string path)
    : file_(std::move(file)), path_(std::move(path)) {}

Result<void> FileTarget::reopen() {
  Result<AppendFile> opened = AppendFile::open(path_, STDOUT_FILENO);
  if (!opened) return tl::unexpected(opened.error());
  file_ = std::move(*opened);
  return {};
}

AppendFile::Outcome SyslogTarget::append(std::string_view lines) {
  AppendFile::Outcome outcome;
  while (outcome.written < lines.size()) {
    const std::string_view rest = lines.substr(outcome.written);
    const std::string_view line = rest.substr(0, rest.find('\n'));
    outcome.error = syslog_.send(Syslog::Severity::kInfo, line);
    if (outcome.error != 0) return outcome;
    outcome.written += line.size() + 1;
  }
  return outcome;
}

AppendFile::Outcome StatsdTarget::append(std::string_view lines) {
  const StatsdOutcome sent = send_lines(socket_, lines);
  return {.written = sent.done, .error = sent.error};
}

}  // namespace alicorn
