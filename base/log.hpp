// The error log: whole lines to an O_APPEND descriptor, in the master and in every worker. Each
// process opens (or reopens) the log for itself after its fork. A full, missing or stuck log never
// stops the process; after write_in_background() neither does a disk that stalls. Lines are then
// dropped and counted, and the count is logged when the log works again. The same holds for the
// syslog daemon if lines go there as well.
#pragma once

#include "base/append_file.hpp"
#include "base/clock.hpp"
#include "base/lingering_fd.hpp"
#include "base/result.hpp"
#include "base/syslog.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace alicorn::log {

enum class Level { kDebug, kInfo, kWarning, kError, kCritical };
enum class Format { kText, kJson };

struct Settings {
  std::string path = "-";  ///< "-" is standard error
  Level level = Level::kInfo;
  Format format = Format::kText;
  SyslogSettings syslog{};  ///< additional target
};

/// An additional fact of a line: ` key=value` in text, a separate member in JSON. Both are escaped.
struct Field {
  std::string_view key;
  std::string_view value;
};

std::optional<Level> level_from_name(
    std::string_view name);  ///< debug, info, warning, error, critical
std::string_view name_of(Level level);

/// Opens the log of this process. Before that, lines go to standard error as text at info level.
/// Children reopen it with the same `open_file`.
Result<void> open(const Settings& settings, FileOpener open_file = open_as_ourselves);
/// The same with a file that was opened elsewhere as AppendFile::open() would open it.
void adopt(const Settings& settings, AppendFile file, FileOpener open_file);
/// Reopens the same path, after a rotation. On an error the old descriptor stays in use. Waits for
/// the disk.
Result<void> reopen();
/// The same on the log's own thread, which logs any error itself.
void reopen_in_background();
/// Replaces the file by one that the caller has opened from the path that reopen() uses.
void replace_file(AppendFile file);
/// A thread starts to write to the file of this process if it is a regular one or a terminal.
/// Before this call, and in processes that must have no other thread, each line is a write(2) of
/// the thread that logs it. If no thread can be started nothing changes, and the Error says why.
Result<void> write_in_background();
/// Waits until every logged line is written or lost, but at most for `limit`. Called before the
/// process ends.
void flush(milliseconds limit = milliseconds(1'000));
/// Waits briefly. For use in a signal handler.
void wait_in_crash() noexcept;
/// Runs in a child right after fork: makes a new logger with the child's pid and this name ("worker
/// 3") on its lines.
void reinitialise_in_child(std::string_view process_name);
/// A copy of the descriptor that lines go to, for a child that prints there as well. Call it before
/// the fork: the child has no log thread, so a lock which that thread held during the fork is never
/// released.
Result<LingeringFd> duplicate_descriptor();
/// Sends what this process prints to the log's file, also after reopen(). Nothing changes if the
/// log already is one of the standard streams.
void capture_output();
/// Takes effect at once. Any thread may call this.
void set_level(Level level);
bool enabled(Level level);

/// Thread-safe. Never throws, and never blocks on a full pipe. Escapes control characters in the
/// message.
void write(Level level, std::string_view message, const Field* fields, std::size_t field_count);
inline void write(Level level, std::string_view message, std::initializer_list<Field> fields = {}) {
  write(level, message, fields.begin(), fields.size());
}
inline void debug(std::string_view message, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::kDebug)) write(Level::kDebug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::kInfo, message, fields);
}
inline void warning(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::kWarning, message, fields);
}
inline void error(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::kError, message, fields);
}
inline void critical(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::kCritical, message, fields);
}

/// Number of lines of this process that could not be written.
std::uint64_t dropped_lines();
/// Lost lines that the log has not reported yet.
struct Untold {
  std::uint64_t to_file = 0;
  std::uint64_t to_syslog = 0;
};
Untold untold_losses();
/// Takes over the losses of a process that has ended. The next line reports them as if they were
/// ours.
void inherit_losses(Untold losses);
/// Number of lines of this level that were given to this process's log, written or not.
std::uint64_t line_count(Level level);

}  // namespace alicorn::log
