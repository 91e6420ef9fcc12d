// The error log: whole lines, to an O_APPEND descriptor, in the master and in every worker; each
// process opens (or re-opens) it for itself after its fork. A log that is full, gone or stuck never
// stops the process, and neither does a disk that stands still, once write_in_background() was
// called: lines are dropped and counted, and the count is logged when it works again. So it is with
// the syslog daemon, where lines go there too.
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
  std::string path = "-";  ///< "-": standard error
  Level level = Level::kInfo;
  Format format = Format::kText;
  SyslogSettings syslog{};  ///< where lines go besides
};

/// An extra fact of a line: ` key=value` in text, a member of its own in JSON. Both are escaped.
struct Field {
  std::string_view key;
  std::string_view value;
};

std::optional<Level> level_from_name(
    std::string_view name);  ///< debug, info, warning, error, critical
std::string_view name_of(Level level);

/// Opens the log of this process; before it, lines go to standard error at info level as text. Its
/// children open it anew with the same `open_file`.
Result<void> open(const Settings& settings, FileOpener open_file = open_as_ourselves);
/// The same with a file that was opened elsewhere, as AppendFile::open() does it.
void adopt(const Settings& settings, AppendFile file, FileOpener open_file);
/// Opens the same path anew (after a rotation). On an error the old descriptor stays in use. Waits
/// for the disk.
Result<void> reopen();
/// The same on the log's own thread, which logs an error itself.
void reopen_in_background();
/// The path that reopen() opens, and its result: for who opens files elsewhere.
void replace_file(AppendFile file);
/// From now on a thread writes to the file of this process, if it is a regular one: before, and in
/// processes that must have no other thread, each line is a write(2) of whoever logs it. Where no
/// thread can be had it stays so, and the Error says why.
Result<void> write_in_background();
/// Waits until what was logged is written or lost, but no longer than this: before the process
/// ends.
void flush(milliseconds limit = milliseconds(1'000));
/// In a signal handler, for a moment.
void wait_in_crash() noexcept;
/// In a child, right after fork: a fresh logger, with the pid and this name ("worker 3") on its
/// lines.
void reinitialise_in_child(std::string_view process_name);
/// Where lines go, for a child to print there, too. Before its fork: a child has no thread that
/// gives back a lock which the log's thread held meanwhile.
Result<LingeringFd> duplicate_descriptor();
/// What this process prints goes to the log's file from now on, also after reopen(). Where that is
/// one of the standard streams already, nothing changes.
void capture_output();
/// Takes effect at once, on any thread.
void set_level(Level level);
bool enabled(Level level);

/// Thread-safe. Never throws, never blocks on a full pipe. Control characters in the message are
/// escaped.
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

/// Lines of this process that could not be written.
std::uint64_t dropped_lines();
/// Lines that are lost, of which the log has not told yet.
struct Untold {
  std::uint64_t to_file = 0;
  std::uint64_t to_syslog = 0;
};
Untold untold_losses();
/// Of a process that has ended: told with the next line, as if they were this one's.
void inherit_losses(Untold losses);
/// Lines of this level that were given to this process's log, written or not.
std::uint64_t line_count(Level level);

}  // namespace alicorn::log
