#include "workers/access_log.hpp"

#include "base/clock.hpp"
#include "workers/access_format.hpp"
#include "workers/access_json.hpp"
#include "workers/log_time.hpp"
#include "workers/log_writer.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include <unistd.h>

namespace alicorn {
namespace {

// Twice the longest request line of the defaults; a pipe takes less in one piece.
constexpr std::size_t kLineMax = 16 * 1024;

class NoAccessLog final : public AccessLog {
 public:
  bool enabled() const override { return false; }
  void write(const AccessRecord& /*record*/) override {}
  Result<void> reopen() override { return {}; }
};

class WrittenAccessLog final : public AccessLog {
 public:
  /// Without a format: JSON.
  WrittenAccessLog(std::unique_ptr<LogWriter> writer, std::optional<AccessFormat> format)
      : writer_(std::move(writer)),
        format_(std::move(format)),
        pid_(::getpid()),
        line_max_(std::min(kLineMax, writer_->line_size_max())) {
    line_.reserve(line_max_);
  }

  bool enabled() const override { return true; }
  void write(const AccessRecord& record) override {
    constexpr std::string_view kLineEnd = "\n";
    const std::size_t size_max = line_max_ - kLineEnd.size();
    time_.refresh(wall_clock_us());
    line_.clear();
    if (format_) {
      format_->append_line(line_, record, time_, pid_, size_max);
    } else {
      append_access_json(line_, record, time_, pid_, size_max);
    }
    line_.append(kLineEnd);
    writer_->append(line_);
  }
  Result<void> reopen() override {
    writer_->reopen();
    return {};
  }

 private:
  std::unique_ptr<LogWriter> writer_;
  std::optional<AccessFormat> format_;
  pid_t pid_;
  std::size_t line_max_;
  std::string line_;
  LogTime time_;
};

}  // namespace

Result<std::unique_ptr<AccessLog>> AccessLog::open(const AccessLogSettings& settings) {
  if (settings.path.empty()) return std::make_unique<NoAccessLog>();
  std::optional<AccessFormat> format;
  if (!settings.json) {
    Result<AccessFormat> parsed = AccessFormat::parse(settings.format);
    if (!parsed) return tl::unexpected(parsed.error());
    format = std::move(*parsed);
  }
  Result<std::unique_ptr<LogWriter>> writer = LogWriter::open(settings.path, "access log");
  if (!writer) return tl::unexpected(writer.error());
  return std::make_unique<WrittenAccessLog>(std::move(*writer), std::move(format));
}

Result<void> AccessLog::check_format(std::string_view format) {
  const Result<AccessFormat> parsed = AccessFormat::parse(format);
  if (!parsed) return tl::unexpected(parsed.error());
  return {};
}

}  // namespace alicorn
