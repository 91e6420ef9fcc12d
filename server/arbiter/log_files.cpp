#include "server/arbiter/log_files.hpp"

#include "server/host/process.hpp"
#include "server/host/workers_files.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {
namespace {

tl::unexpected<Error> fail_of(std::string_view setting, const Error& error) {
  return tl::unexpected(Error{error.code, std::string(setting) + ": " + error.context});
}

/// Nothing if it is a standard stream.
Result<ErrandFind> take_file(Result<AppendFile> opened, std::string_view setting) {
  if (!opened) return fail_of(setting, opened.error());
  return ErrandFind{.fd = std::move(*opened).take()};
}

LingeringFd copy(const LingeringFd& fd) {
  return LingeringFd(fd ? ::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1);
}

}  // namespace

Result<void> LogFiles::open_first(const log::Settings& settings) const {
  auto opened = log::open(settings, opener_for(identity_));
  return opened ? opened : fail_of("errorlog", opened.error());
}

Result<ErrandFind> LogFiles::open_error_log(const Config& config) const {
  return take_file(AppendFile::open(config.error_log.path, STDERR_FILENO, opener_for(identity_)),
                   "errorlog");
}

Result<ErrandFind> LogFiles::open_access_log(const Config& config) const {
  const std::string& path = config.worker.access_log.path;
  if (path.empty()) return ErrandFind{};
  // The setting umask applies to this file too, because no process with fewer rights creates it.
  const mode_t before = config.umask ? ::umask(*config.umask) : 0;
  auto opened = AppendFile::open(path, STDOUT_FILENO, opener_for(identity_));
  if (config.umask) ::umask(before);
  return take_file(std::move(opened), "accesslog");
}

Result<void> LogFiles::log_as(std::uint32_t generation) const {
  const auto& [config, listeners, access_log, error_log] = fleet_.generations.at(generation);
  LingeringFd own = copy(error_log);
  if (error_log && !own) return fail_errno("errorlog", config.error_log.path);
  auto file = own ? Result<AppendFile>(AppendFile::own(std::move(own)))
                  : AppendFile::open(config.error_log.path, STDERR_FILENO);
  if (!file) return fail_of("errorlog", file.error());
  log::adopt(config.error_log, std::move(*file), opener_for(identity_));
  return {};
}

void LogFiles::open_in_child(std::uint32_t generation) {
  if (generation == fleet_.table.goal_generation()) return;
  if (auto opened = log_as(generation); !opened) log::error(opened.error().text());
  fleet_.generations.at(generation).error_log.reset();
  if (ordered_level_) log::set_level(*ordered_level_);
}

Errand LogFiles::reopening(std::function<void(const Result<void>&)> done) {
  const std::vector<std::uint32_t> numbers = fleet_.generations.numbers();
  return {
      .purpose = "logs",
      .work =
          [this, numbers] {
            ErrandFinds finds;
            for (const std::uint32_t number : numbers) {
              const Config& config = fleet_.generations.at(number).config;
              finds.push_back(open_error_log(config));
              finds.push_back(open_access_log(config));
            }
            return finds;
          },
      .done = [this, numbers, done = std::move(done)](
                  Result<ErrandFinds> finds) { done(take_reopened(numbers, std::move(finds))); }};
}

/// The new files exist, and the workers may write to them, before the workers are told to open
/// them. A log whose new file could not be opened keeps its old file, which running processes have
/// too.
Result<void> LogFiles::take_reopened(const std::vector<std::uint32_t>& numbers,
                                     Result<ErrandFinds> finds) {
  if (finds && finds->size() != 2 * numbers.size()) finds = fail("not all files came back");
  if (!finds) {
    log::error("logs not reopened: " + finds.error().text());
    return tl::unexpected(finds.error());
  }
  Result<void> reopened;
  const auto take = [&](Result<ErrandFind>& find, LingeringFd& file) {
    if (find) {
      file = std::move(find->fd);
      return;
    }
    log::error(find.error().text());
    if (reopened) reopened = tl::unexpected(find.error());
  };
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!fleet_.generations.contains(numbers[i])) continue;
    take(finds->at(2 * i), fleet_.generations.at(numbers[i]).error_log);
    take(finds->at(2 * i + 1), fleet_.generations.at(numbers[i]).access_log);
  }
  LingeringFd own = copy(fleet_.goal().error_log);
  if (own) log::replace_file(AppendFile::own(std::move(own)));
  tell_of_new_files();
  if (reopened) {
    log::info("logs reopened");
  } else {
    log::error("logs not reopened, or not all: what could not be opened keeps its old file");
  }
  return reopened;
}

void LogFiles::tell_of_new_files() {
  for (std::uint32_t slot = 0; slot < fleet_.table.slots_in_use(); ++slot) {
    send_signal(fleet_.table.worker(slot).pid, SIGUSR1);
  }
  for (Zygote& zygote : zygotes_.all()) {
    if (!fleet_.generations.contains(zygote.generation())) continue;
    const Generation& generation = fleet_.generations.at(zygote.generation());
    zygote.reopen_logs(generation.error_log.get(), generation.access_log.get());
  }
}

void LogFiles::order_level(log::Level level) {
  ordered_level_ = level;
  log::set_level(level);
  for (std::uint32_t slot = 0; slot < fleet_.table.slots_in_use(); ++slot) {
    WorkerBoard* const board = fleet_.scoreboard.find(slot);
    if (board != nullptr) board->worker().order_log_level(level);
  }
}

void LogFiles::withdraw_level() {
  if (!std::exchange(ordered_level_, std::nullopt)) return;
  for (std::uint32_t slot = 0; slot < fleet_.table.slots_in_use(); ++slot) {
    const WorkerHandle& worker = fleet_.table.worker(slot);
    WorkerBoard* const board = fleet_.scoreboard.find(slot);
    if (worker.phase == WorkerPhase::kReaped || board == nullptr) continue;
    const Config& config = fleet_.generations.at(worker.generation).config;
    board->worker().order_log_level(config.error_log.level);
  }
}

}  // namespace alicorn
