#include "base/log.hpp"

#include "base/escape.hpp"
#include "base/line_output.hpp"
#include "base/log_line.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace alicorn::log {
namespace {

constexpr std::size_t kLineMax = 8192;
// Time, pid, level and the names of the JSON members; the process name comes on top.
constexpr std::size_t kPrefixMax = 160;
constexpr std::size_t kProcessNameMax = 64;

struct LevelName {
  Level level;
  std::string_view name;
  spdlog::level::level_enum spdlog_level;
  Syslog::Severity severity;
};
constexpr LevelName kLevels[] = {
    {Level::kDebug, "debug", spdlog::level::debug, Syslog::Severity::kDebug},
    {Level::kInfo, "info", spdlog::level::info, Syslog::Severity::kInfo},
    {Level::kWarning, "warning", spdlog::level::warn, Syslog::Severity::kWarning},
    {Level::kError, "error", spdlog::level::err, Syslog::Severity::kError},
    {Level::kCritical, "critical", spdlog::level::critical, Syslog::Severity::kCritical},
};

const LevelName& row_of(Level level) {
  return kLevels[static_cast<std::size_t>(level)];
}

const LevelName& row_of(spdlog::level::level_enum level) {
  const auto* const row =
      std::find_if(std::begin(kLevels), std::end(kLevels),
                   [level](const LevelName& candidate) { return candidate.spdlog_level == level; });
  return row == std::end(kLevels) ? row_of(Level::kInfo) : *row;
}

/// The zone as "+0100": spdlog's own flag has a colon in it, which is ISO 8601 and right for JSON.
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

/// %n is the process, %v what render_line() made.
std::unique_ptr<spdlog::formatter> make_formatter(Format format) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<ZoneFlag>('*');
  formatter->set_pattern(format == Format::kText
                             ? "%Y-%m-%d %H:%M:%S.%e %* [%P] [%l] %n: %v"
                             : R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","pid":%P,)"
                               R"("process":"%n",%v})");
  return formatter;
}

/// Drops and counts what its target does not take; says how many these were when it takes lines
/// again.
class Sink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit Sink(AppendFile file)
      : base_sink(make_formatter(Format::kText)), output_(std::move(file)) {
    note_line_max(output_.atomic_size_max());
  }

  void replace(AppendFile file, const Settings& settings) {
    const Format format = settings.format;
    auto formatter = make_formatter(format);
    const std::lock_guard lock(mutex_);
    output_.replace(std::move(file));
    if (syslog_) count_lost_to_syslog(syslog_->take_lost());
    syslog_.reset();
    if (settings.syslog.enabled) syslog_.emplace(settings.syslog, "error");
    format_.store(format, std::memory_order_relaxed);
    set_formatter_(std::move(formatter));
    note_line_max(output_.atomic_size_max());
  }
  void replace_file(AppendFile file) {
    const std::lock_guard lock(mutex_);
    note_line_max(file.atomic_size_max());
    output_.replace(std::move(file));
  }
  /// `opened`: on the log's own thread, when the file is open or cannot be opened.
  void reopen_in_background(std::function<Result<AppendFile>()> open,
                            std::function<void(const Result<int>&)> opened) {
    const std::lock_guard lock(mutex_);
    auto noted_open = [this, open = std::move(open)] {
      auto file = open();
      if (file) note_line_max(file->atomic_size_max());
      return file;
    };
    output_.reopen(std::move(noted_open), std::move(opened));
  }
  Result<void> write_in_background() {
    const std::lock_guard lock(mutex_);
    return output_.write_in_background();
  }
  /// In a child after its fork, where nobody holds the mutex.
  AppendFile take_file() { return output_.take_file(); }
  int descriptor() {
    const std::lock_guard lock(mutex_);
    return output_.fd();
  }
  void flush(milliseconds limit) const { output_.flush(limit); }
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
  void sink_it_(const spdlog::details::log_msg& message) override {
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
  void send_to_syslog(const spdlog::details::log_msg& message) {
    std::uint64_t lost = syslog_->take_lost();
    // Who did not receive the line before would not receive the notice either.
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
  /// The daemon gets time, pid and severity beside the text; people are shown the level, too. An
  /// object stays whole.
  bool send_one(const spdlog::details::log_msg& message) {
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
  /// Those that the thread has found out about.
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
  std::optional<Syslog> syslog_;
  // Read by who must not wait for a thread that writes.
  std::atomic<std::uint64_t> unreported_{0};
  std::atomic<std::uint64_t> lost_to_syslog_{0};
  std::atomic<std::uint64_t> dropped_{0};
  // Read by threads that render a line while another one opens the log.
  std::atomic<std::size_t> line_max_{kLineMax};
  std::atomic<Format> format_{Format::kText};
};

void give_to_standard_streams(int fd) {
  if (fd <= STDERR_FILENO) return;
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) ::dup2(fd, stream);
}

/// The name goes onto every line as it is.
std::string safe_name(std::string_view name) {
  std::string safe;
  append_escaped(safe, name, Escaping::kJson, kProcessNameMax);
  return safe;
}

/// The log of one process.
class ProcessLog {
 public:
  ProcessLog(std::string_view process_name, AppendFile file)
      : sink_(std::make_shared<Sink>(std::move(file))), logger_(safe_name(process_name), sink_) {
    // spdlog would print to standard error, which may block. Here it can only be out of memory.
    logger_.set_error_handler([sink = sink_.get()](const std::string&) { sink->count_drop(); });
    set_level(settings_.level);
  }

  Result<void> open(const Settings& settings, FileOpener open_file) {
    Result<AppendFile> file = AppendFile::open(settings.path, STDERR_FILENO, open_file);
    if (!file) return tl::unexpected(file.error());
    settings_ = settings;
    open_file_ = std::move(open_file);
    sink_->replace(std::move(*file), settings);
    set_level(settings.level);
    return {};
  }
  Result<void> reopen() {
    Result<AppendFile> file = AppendFile::open(settings_.path, STDERR_FILENO, open_file_);
    if (!file) return tl::unexpected(file.error());
    replace_file(std::move(*file));
    return {};
  }
  void replace_file(AppendFile file) {
    sink_->replace_file(std::move(file));
    if (captures_output_) give_to_standard_streams(sink_->descriptor());
  }
  void reopen_in_background() {
    sink_->reopen_in_background(
        [path = settings_.path, open_file = open_file_] {
          return AppendFile::open(path, STDERR_FILENO, open_file);
        },
        [captures_output = captures_output_](const Result<int>& fd) {
          if (!fd) return log::error(fd.error().text());
          if (captures_output) give_to_standard_streams(*fd);
        });
  }
  Result<void> write_in_background() { return sink_->write_in_background(); }
  void flush(milliseconds limit) const { sink_->flush(limit); }
  void wait_in_crash() const noexcept { sink_->wait_in_crash(); }
  int descriptor() const { return sink_->descriptor(); }
  void capture_output() {
    captures_output_ = true;
    give_to_standard_streams(sink_->descriptor());
  }
  /// A log for the child, set as this one, with its file: the path may be out of reach once
  /// privileges are dropped.
  std::unique_ptr<ProcessLog> for_child(std::string_view process_name) {
    AppendFile file = sink_->take_file();
    const bool was_closed = ::fcntl(file.fd(), F_GETFD) < 0;
    if (was_closed) {
      file.forget();
      Result<AppendFile> opened = AppendFile::open(settings_.path, STDERR_FILENO, open_file_);
      file = opened ? std::move(*opened) : AppendFile::borrow(STDERR_FILENO);
    }
    auto child = std::make_unique<ProcessLog>(process_name, AppendFile::borrow(STDERR_FILENO));
    child->settings_ = settings_;
    child->open_file_ = open_file_;
    child->sink_->replace(std::move(file), settings_);
    child->logger_.set_level(logger_.level());
    return child;
  }

  void set_level(Level level) { logger_.set_level(row_of(level).spdlog_level); }
  bool enabled(Level level) const { return logger_.should_log(row_of(level).spdlog_level); }
  void write(Level level, std::string_view message, const Field* fields, std::size_t field_count) {
    if (!enabled(level)) return;
    counts_[static_cast<std::size_t>(level)].fetch_add(1, std::memory_order_relaxed);
    try {
      const std::size_t size_max = sink_->line_max() - kPrefixMax - kProcessNameMax;
      const std::string line = render_line(sink_->format(), message, fields, field_count, size_max);
      logger_.log(row_of(level).spdlog_level, spdlog::string_view_t(line.data(), line.size()));
    } catch (const std::bad_alloc&) {
      sink_->count_drop();
    }
  }
  std::uint64_t dropped() const { return sink_->dropped(); }
  Untold untold() const { return sink_->untold(); }
  void inherit(Untold losses) { sink_->inherit(losses); }
  std::uint64_t line_count(Level level) const {
    return counts_[static_cast<std::size_t>(level)].load(std::memory_order_relaxed);
  }

 private:
  Settings settings_;
  FileOpener open_file_ = open_as_ourselves;
  bool captures_output_ = false;
  std::array<std::atomic<std::uint64_t>, std::size(kLevels)> counts_{};
  std::shared_ptr<Sink> sink_;
  spdlog::logger logger_;
};

/// Never destroyed: threads and destructors of statics may log to the very end.
std::unique_ptr<ProcessLog>& current() {
  static auto* const holder = new std::unique_ptr<ProcessLog>(
      std::make_unique<ProcessLog>("master", AppendFile::borrow(STDERR_FILENO)));
  return *holder;
}

}  // namespace

std::optional<Level> level_from_name(std::string_view name) {
  const auto* const row =
      std::find_if(std::begin(kLevels), std::end(kLevels),
                   [name](const LevelName& candidate) { return candidate.name == name; });
  if (row == std::end(kLevels)) return std::nullopt;
  return row->level;
}

std::string_view name_of(Level level) {
  return row_of(level).name;
}

Result<void> open(const Settings& settings, FileOpener open_file) {
  return current()->open(settings, std::move(open_file));
}
Result<void> reopen() {
  return current()->reopen();
}
void reopen_in_background() {
  current()->reopen_in_background();
}
void replace_file(AppendFile file) {
  current()->replace_file(std::move(file));
}
Result<void> write_in_background() {
  return current()->write_in_background();
}
void flush(milliseconds limit) {
  current()->flush(limit);
}
void wait_in_crash() noexcept {
  current()->wait_in_crash();
}
void reinitialise_in_child(std::string_view process_name) {
  current() = current()->for_child(process_name);
}
int descriptor() {
  return current()->descriptor();
}
void capture_output() {
  current()->capture_output();
}
void set_level(Level level) {
  current()->set_level(level);
}
bool enabled(Level level) {
  return current()->enabled(level);
}
void write(Level level, std::string_view message, const Field* fields, std::size_t field_count) {
  current()->write(level, message, fields, field_count);
}
std::uint64_t dropped_lines() {
  return current()->dropped();
}
Untold untold_losses() {
  return current()->untold();
}
void inherit_losses(Untold losses) {
  current()->inherit(losses);
}

std::uint64_t line_count(Level level) {
  return current()->line_count(level);
}

}  // namespace alicorn::log
