// The spdlog sink that passes the error log's lines to the file and to syslog. Internal to the log.
// Used in any process.
#pragma once

#include "base/line_output.hpp"
#include "base/log.hpp"
#include "base/log_line.hpp"
#include "base/mutex.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace alicorn::log {

inline constexpr std::size_t kLineMax = 8192;

struct LevelName {
  Level level;
  std::string_view name;
  spdlog::level::level_enum spdlog_level;
  Syslog::Severity severity;
};
inline constexpr LevelName kLevels[] = {
    {Level::kDebug, "debug", spdlog::level::debug, Syslog::Severity::kDebug},
    {Level::kInfo, "info", spdlog::level::info, Syslog::Severity::kInfo},
    {Level::kWarning, "warning", spdlog::level::warn, Syslog::Severity::kWarning},
    {Level::kError, "error", spdlog::level::err, Syslog::Severity::kError},
    {Level::kCritical, "critical", spdlog::level::critical, Syslog::Severity::kCritical},
};

inline const LevelName& row_of(Level level) {
  return kLevels[static_cast<std::size_t>(level)];
}

inline const LevelName& row_of(spdlog::level::level_enum level) {
  const auto* const row =
      std::find_if(std::begin(kLevels), std::end(kLevels),
                   [level](const LevelName& candidate) { return candidate.spdlog_level == level; });
  return row == std::end(kLevels) ? row_of(Level::kInfo) : *row;
}

/// The zone as "+0100". spdlog's own flag writes a colon, which is ISO 8601 and right for JSON.
class ZoneFlag : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& /*message*/, const std::tm& time,
              spdlog::memory_buf_t& out) override {
    const long minutes = time.tm_gmtoff / 60;
    const auto digits = static_cast<unsigned>(minutes < 0 ? -minutes : minutes) % (100 * 60);
    const unsigned value = digits / 60 * 100 + digits % 60;
    const char text[] = {minutes < 0 ? '-' : '+', static_cast<char>('0' + value / 1000 % 10),
                         static_cast<char>('0' + value / 100 % 10),
                         static_cast<char>('0' + value / 10 % 10),
                         static_cast<char>('0' + value % 10)};
    out.append(text, text + sizeof(text));
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<ZoneFlag>();
  }
};

/// %n is the process name, %v is the output of render_line().
inline std::unique_ptr<spdlog::formatter> make_formatter(Format format) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<ZoneFlag>('*');
  formatter->set_pattern(format == Format::kText
                             ? "%Y-%m-%d %H:%M:%S.%e %* [%P] [%l] %n: %v"
                             : R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","pid":%P,)"
                               R"("process":"%n",%v})");
  return formatter;
}

/// Drops and counts lines that the target does not take. Reports the count once lines are taken
/// again.
class Sink : public spdlog::sinks::base_sink<Mutex> {
 public:
  explicit Sink(AppendFile file)
      : base_sink(make_formatter(Format::kText)), output_(std::move(file)) {
    note_line_max(output_.atomic_size_max());
  }

  void replace(AppendFile file, const Settings& settings) {
    const Format format = settings.format;
    auto formatter = make_formatter(format);
    const Lock lock(mutex_);
    output_.replace(std::move(file));
    if (syslog_) count_lost_to_syslog(syslog_->take_lost());
    syslog_.reset();
    if (settings.syslog.enabled) syslog_.emplace(settings.syslog, "error");
    format_.store(format, std::memory_order_relaxed);
    set_formatter_(std::move(formatter));
    note_line_max(output_.atomic_size_max());
  }
  void replace_file(AppendFile file) {
    const Lock lock(mutex_);
    note_line_max(file.atomic_size_max());
    output_.replace(std::move(file));
  }
  /// Calls `opened` when the file is open or could not be opened; on the log's own thread if there
  /// is one.
  void reopen_in_background(std::function<Result<AppendFile>()> open,
                            const std::function<void(const Result<int>&)>& opened) {
    const auto noted_open = [this, open = std::move(open)] {
      auto file = open();
      if (file) note_line_max(file->atomic_size_max());
      return file;
    };
    std::optional<Result<int>> done;
    {
      const Lock lock(mutex_);
      done = output_.reopen(noted_open, opened);
    }
    if (done) opened(*done);  // it may log
  }
  Result<void> write_in_background() {
    const Lock lock(mutex_);
    return output_.write_in_background();
  }
  /// Runs in a child after its fork, where nobody holds the mutex.
  AppendFile take_file() { return output_.take_file(); }
  int descriptor() {
    const Lock lock(mutex_);
    return output_.fd();
  }
  Result<LingeringFd> duplicate_descriptor() {
    const Lock lock(mutex_);
    return output_.duplicate_fd();
  }
  void wait_until_written(milliseconds limit) const { output_.flush(limit); }
  void wait_in_crash() const noexcept { output_.wait_in_crash(); }
  Untold untold() {
    note_losses();
    return {.to_file = unreported_, .to_syslog = lost_to_syslog_};
  }
  void inherit(Untold losses) {
    unreported_ += losses.to_file;
    lost_to_syslog_ += losses.to_syslog;
  }
  void count_drop() noexcept { dropped_.fetch_add(1, std::memory_order_relaxed); }

  Format format() const { return format_.load(std::memory_order_relaxed); }
  std::size_t line_max() const { return line_max_.load(std::memory_order_relaxed); }
  std::uint64_t dropped() {
    note_losses();
    return dropped_.load(std::memory_order_relaxed);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override ALICORN_REQUIRES(mutex_) {
    if (syslog_) send_to_syslog(message);
    note_losses();
    if (const std::uint64_t lost = unreported_; lost != 0) {
      const std::string text = render_line(
          format(), std::to_string(lost) + " log lines could not be written and are lost", nullptr,
          0, line_max());
      spdlog::details::log_msg notice(message.logger_name, spdlog::level::warn, text);
      notice.time = message.time;
      if (!put(notice, lost)) return drop(1);
      unreported_ -= lost;
    }
    if (!put(message)) drop(1);
  }
  void flush_() override {}

  bool put(const spdlog::details::log_msg& message, std::uint64_t tells_of = 0) {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    return output_.put({line.data(), line.size()}, tells_of);
  }
  void send_to_syslog(const spdlog::details::log_msg& message) ALICORN_REQUIRES(mutex_) {
    std::uint64_t lost = syslog_->take_lost();
    // A receiver that missed the line before would miss the notice as well.
    const std::uint64_t untold = lost_to_syslog_;
    if (lost == 0 && untold != 0) {
      const std::string text = render_line(
          format(), std::to_string(untold) + " log lines did not reach syslog and are lost",
          nullptr, 0, line_max());
      spdlog::details::log_msg notice(message.logger_name, spdlog::level::warn, text);
      notice.time = message.time;
      if (send_one(notice)) lost_to_syslog_ -= untold;
    }
    if (!send_one(message)) ++lost;
    count_lost_to_syslog(lost);
  }
  void count_lost_to_syslog(std::uint64_t lines) {
    lost_to_syslog_ += lines;
    dropped_.fetch_add(lines, std::memory_order_relaxed);
  }
  /// The daemon gets time, pid and severity beside the text. People also see the level in the text.
  /// A JSON object stays whole.
  bool send_one(const spdlog::details::log_msg& message) ALICORN_REQUIRES(mutex_) {
    spdlog::memory_buf_t line;
    if (format() == Format::kJson) {
      formatter_->format(message, line);
      line.resize(line.size() - 1);
    } else {
      const auto add = [&line](std::string_view text) {
        line.append(text.data(), text.data() + text.size());
      };
      const LevelName& level = row_of(message.level);
      add("[");
      add(level.name);
      add("] ");
      add({message.logger_name.data(), message.logger_name.size()});
      add(": ");
      add({message.payload.data(), message.payload.size()});
    }
    return syslog_->send(row_of(message.level).severity, {line.data(), line.size()}) == 0;
  }
  /// Counts the losses that the thread has found.
  void note_losses() {
    const LineOutput::Losses losses = output_.take_losses();
    unreported_ += losses.untold;
    if (losses.lines != 0) drop(losses.lines);
  }
  void drop(std::uint64_t lines) {
    unreported_ += lines;
    dropped_.fetch_add(lines, std::memory_order_relaxed);
  }
  void note_line_max(std::size_t atomic_size_max) {
    line_max_.store(std::min(kLineMax, atomic_size_max), std::memory_order_relaxed);
  }

  LineOutput output_;
  std::optional<Syslog> syslog_ ALICORN_GUARDED_BY(mutex_);
  // Read by callers that must not wait for a thread that is writing.
  std::atomic<std::uint64_t> unreported_{0};
  std::atomic<std::uint64_t> lost_to_syslog_{0};
  std::atomic<std::uint64_t> dropped_{0};
  // Read by threads that render a line while another thread opens the log.
  std::atomic<std::size_t> line_max_{kLineMax};
  std::atomic<Format> format_{Format::kText};
};

}  // namespace alicorn::log
