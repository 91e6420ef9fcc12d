#include "workers/log/access_log.hpp"

#include "base/clock.hpp"
#include "workers/log/access_format.hpp"
#include "workers/log/access_json.hpp"
#include "workers/log/log_time.hpp"
#include "workers/log/log_writer.hpp"
#include "workers/log/request_metrics.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

namespace alicorn {
namespace {

// Twice the longest request line of the default limits. A pipe takes less in one piece.
constexpr std::size_t kLineMax = 16 * 1024;

class NoAccessLog final : public AccessLog {
 public:
  bool enabled() const override { return false; }
  Wants wants() const override { return {}; }
  void write(const AccessRecord& /*record*/) override {}
  void sweep() override {}
  Result<void> reopen() override { return {}; }
  void write_on_crash() override {}
};

using LogWriters = std::vector<std::unique_ptr<LogWriter>>;

/// Makes the lines for all targets.
class AccessLines {
 public:
  /// Without a format the lines are JSON.
  AccessLines(LogWriters writers, std::optional<AccessFormat> format)
      : writers_(std::move(writers)), format_(std::move(format)), pid_(::getpid()) {
    for (const auto& writer : writers_) line_max_ = std::min(line_max_, writer->line_size_max());
    line_.reserve(line_max_);
  }

  AccessLog::Wants wants() const {
    if (writers_.empty()) return {};
    if (!format_) return {.first_byte_time = true};
    return {.response_head = format_->has(AccessAtom::kResponseField),
            .first_byte_time = format_->has(AccessAtom::kFirstByteTime)};
  }

  void write(const AccessRecord& record) {
    if (writers_.empty()) return;
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
    for (const auto& writer : writers_) writer->append(line_);
  }
  void reopen() {
    for (const auto& writer : writers_) writer->reopen();
  }
  void write_on_crash() {
    for (const auto& writer : writers_) writer->write_on_crash();
  }

 private:
  LogWriters writers_;
  std::optional<AccessFormat> format_;
  pid_t pid_;
  std::size_t line_max_ = kLineMax;
  std::string line_;
  LogTime time_;
};

class WrittenAccessLog final : public AccessLog {
 public:
  WrittenAccessLog(AccessLines lines, std::unique_ptr<RequestMetrics> metrics)
      : lines_(std::move(lines)), metrics_(std::move(metrics)), wants_(lines_.wants()) {}

  bool enabled() const override { return true; }
  Wants wants() const override { return wants_; }
  void write(const AccessRecord& record) override {
    lines_.write(record);
    if (metrics_) metrics_->count(record.status, record.duration_us, record.app_failed);
  }
  void sweep() override {
    if (metrics_) metrics_->flush();
  }
  Result<void> reopen() override {
    lines_.reopen();
    return {};
  }
  void write_on_crash() override { lines_.write_on_crash(); }

 private:
  AccessLines lines_;
  std::unique_ptr<RequestMetrics> metrics_;
  const Wants wants_;
};

Result<std::unique_ptr<LogTarget>> open_file(const std::string& path, LingeringFd inherited) {
  if (inherited) {
    return std::make_unique<FileTarget>(AppendFile::own(std::move(inherited)), path);
  }
  auto opened = FileTarget::open(path);
  if (opened) return opened;
  return tl::unexpected(Error{opened.error().code, "access log: " + opened.error().context});
}

Result<LogWriters> open_writers(const AccessLogSettings& settings, AccessLogTies ties) {
  LogWriters writers;
  const auto add = [&writers](Result<std::unique_ptr<LogWriter>> writer) -> Result<void> {
    if (!writer) return tl::unexpected(writer.error());
    writers.push_back(std::move(*writer));
    return {};
  };
  if (!settings.path.empty()) {
    auto file = open_file(settings.path, std::move(ties.file));
    if (!file) return tl::unexpected(file.error());
    if (auto added = add(LogWriter::start(std::move(*file), "access log", ties.lost)); !added) {
      return tl::unexpected(added.error());
    }
  }
  if (settings.syslog.enabled) {
    auto target = std::make_unique<SyslogTarget>(settings.syslog, "access");
    auto writer = LogWriter::start(std::move(target), "access log in syslog", ties.lost);
    if (auto added = add(std::move(writer)); !added) {
      return tl::unexpected(added.error());
    }
  }
  return writers;
}

}  // namespace

Result<std::unique_ptr<AccessLog>> AccessLog::open(const AccessLogSettings& settings,
                                                   const StatsdSettings& statsd,
                                                   AccessLogTies ties) {
  const bool has_lines = !settings.path.empty() || settings.syslog.enabled;
  if (!has_lines && !statsd.enabled) return std::make_unique<NoAccessLog>();
  std::optional<AccessFormat> format;
  if (has_lines && !settings.json) {
    Result<AccessFormat> parsed = AccessFormat::parse(settings.format);
    if (!parsed) return tl::unexpected(parsed.error());
    format = std::move(*parsed);
  }
  Result<LogWriters> writers = open_writers(settings, std::move(ties));
  if (!writers) return tl::unexpected(writers.error());
  std::unique_ptr<RequestMetrics> metrics;
  if (statsd.enabled) {
    auto started = RequestMetrics::start(statsd);
    if (!started) return tl::unexpected(started.error());
    metrics = std::move(*started);
  }
  return std::make_unique<WrittenAccessLog>(AccessLines(std::move(*writers), std::move(format)),
                                            std::move(metrics));
}

Result<void> AccessLog::check_format(std::string_view format) {
  const Result<AccessFormat> parsed = AccessFormat::parse(format);
  if (!parsed) return tl::unexpected(parsed.error());
  return {};
}

}  // namespace alicorn
