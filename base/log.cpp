#include "base/log.hpp"

#include "base/escape.hpp"
#include "base/log_line.hpp"
#include "base/log_sink.hpp"

#include <spdlog/logger.h>

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

// Time, pid, level and the names of the JSON members. The process name is added to this.
constexpr std::size_t kPrefixMax = 160;
constexpr std::size_t kProcessNameMax = 64;

void give_to_standard_streams(int fd) {
  if (fd <= STDERR_FILENO) return;
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) ::dup2(fd, stream);
}

/// The name is printed on every line without further escaping.
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
    // spdlog would print the error to standard error, which may block. The only possible error is a
    // lack of memory.
    logger_.set_error_handler([sink = sink_.get()](const std::string&) { sink->count_drop(); });
    set_level(settings_.level);
  }

  Result<void> open(const Settings& settings, FileOpener open_file) {
    Result<AppendFile> file = AppendFile::open(settings.path, STDERR_FILENO, open_file);
    if (!file) return tl::unexpected(file.error());
    adopt(settings, std::move(*file), std::move(open_file));
    return {};
  }
  void adopt(const Settings& settings, AppendFile file, FileOpener open_file) {
    settings_ = settings;
    open_file_ = std::move(open_file);
    sink_->replace(std::move(file), settings);
    set_level(settings.level);
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
  void flush(milliseconds limit) const { sink_->wait_until_written(limit); }
  void wait_in_crash() const noexcept { sink_->wait_in_crash(); }
  Result<LingeringFd> duplicate_descriptor() const { return sink_->duplicate_descriptor(); }
  void capture_output() {
    captures_output_ = true;
    give_to_standard_streams(sink_->descriptor());
  }
  /// A log for the child, with the same settings and the same file: the path may be out of reach
  /// after privileges are dropped.
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

/// Never destroyed, because threads and destructors of statics may log to the very end.
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
void adopt(const Settings& settings, AppendFile file, FileOpener open_file) {
  current()->adopt(settings, std::move(file), std::move(open_file));
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
Result<LingeringFd> duplicate_descriptor() {
  return current()->duplicate_descriptor();
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
