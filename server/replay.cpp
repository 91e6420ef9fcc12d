#include "server/replay.hpp"

#include "base/log.hpp"
#include "server/config/load.hpp"
#include "server/config/read_file.hpp"
#include "workers/replay/replay.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// Far above the size of files in `crash_dir`: a request recorded by other means may be larger.
constexpr std::size_t kFileSizeMax = std::size_t{1} << 30;

void switch_deadlines_off(const CommandLine& command_line, Deadlines& deadlines) {
  const auto unless_given = [&](std::string_view key, auto& limit) {
    const auto& given = command_line.from_arguments;
    const bool is_given = std::any_of(given.begin(), given.end(),
                                      [key](const GivenSetting& one) { return one.key == key; });
    if (!is_given) limit = std::decay_t<decltype(limit)>{};
  };
  unless_given("header_timeout", deadlines.header);
  unless_given("body_timeout", deadlines.body);
  unless_given("body_min_rate", deadlines.body_min_rate);
  unless_given("write_min_rate", deadlines.write_min_rate);
  unless_given("request_timeout", deadlines.request);
  unless_given("timeout", deadlines.silence);
  unless_given("write_timeout", deadlines.write);
  unless_given("keepalive", deadlines.keepalive);
}

Result<std::string> read_recording(const std::string& file) {
  const std::string path = file == "-" ? "/dev/stdin" : file;
  auto bytes = read_file(path, kFileSizeMax, FileKind::kAny);
  if (!bytes) return bytes;
  if (bytes->empty()) return fail(file + " is empty: there is no request in it");
  return bytes;
}

/// What a worker does, except changing the user: the caller may lack the right to do so.
Result<void> become_like_a_worker(const Config& config) {
  if (!config.chdir.empty() && ::chdir(config.chdir.c_str()) < 0) {
    return fail_errno("chdir", config.chdir);
  }
  if (config.umask) ::umask(*config.umask);
  // The process has only one thread so far. NOLINTNEXTLINE(concurrency-mt-unsafe)
  for (const auto& [name, value] : config.env) ::setenv(name.c_str(), value.c_str(), 1);
  for (const int number : {SIGPIPE, SIGXFSZ}) {
    ::signal(number, SIG_IGN);  // NOLINT(cert-err33-c): cannot fail
  }
  return {};
}

}  // namespace

int replay(const CommandLine& command_line, const Config& config) {
  const auto fail_start = [](const Error& error) {
    log::critical("replay: " + error.text());
    return static_cast<int>(ExitCode::kCannotStart);
  };
  log::reinitialise_in_child("replay");
  log::Settings log_settings = config.error_log;
  log_settings.path = "-";
  if (auto opened = log::open(log_settings); !opened) return fail_start(opened.error());
  const auto bytes = read_recording(command_line.replay_file);
  if (!bytes) return fail_start(bytes.error());
  if (auto done = become_like_a_worker(config); !done) return fail_start(done.error());
  WorkerSettings settings = config.worker;
  settings.access_log.path.clear();  // responses own standard output, the server owns the file
  switch_deadlines_off(command_line, settings.deadlines);
  return static_cast<int>(replay(settings, *bytes, STDOUT_FILENO));
}

}  // namespace alicorn
