// Arbiter: the files of the logs. Whose they are, and what a rotation does.
#include "base/log.hpp"
#include "server/arbiter/arbiter.hpp"
#include "server/control/answer.hpp"
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

/// Nothing where it is a standard stream.
Result<ErrandFind> take_file(Result<AppendFile> opened, std::string_view setting) {
  if (!opened) return fail_of(setting, opened.error());
  return ErrandFind{.fd = std::move(*opened).take()};
}

LingeringFd copy(const LingeringFd& fd) {
  return LingeringFd(fd ? ::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1);
}

}  // namespace

/// The user comes first: the file is to be its.
Result<void> Arbiter::open_first_log() {
  auto identity = resolve_identity(config_.user, config_.group);
  if (!identity) return tl::unexpected(identity.error());
  identity_ = std::move(*identity);
  auto opened = log::open(config_.error_log, opener_for(identity_));
  return opened ? opened : fail_of("errorlog", opened.error());
}

Result<ErrandFind> Arbiter::open_error_log(const Config& config) const {
  return take_file(AppendFile::open(config.error_log.path, STDERR_FILENO, opener_for(identity_)),
                   "errorlog");
}

Result<ErrandFind> Arbiter::open_access_log(const Config& config) const {
  const std::string& path = config.worker.access_log.path;
  if (path.empty()) return ErrandFind{};
  // Who sets umask means this file, too: no process of less rights makes it.
  const mode_t before = config.umask ? ::umask(*config.umask) : 0;
  auto opened = AppendFile::open(path, STDOUT_FILENO, opener_for(identity_));
  if (config.umask) ::umask(before);
  return take_file(std::move(opened), "accesslog");
}

/// Its file is open: nobody waits for a disk here.
Result<void> Arbiter::log_as(std::uint32_t generation) {
  const auto& [config, listeners, access_log, error_log] = fleet_.generations.at(generation);
  LingeringFd own = copy(error_log);
  if (error_log && !own) return fail_errno("errorlog", config.error_log.path);
  auto file = own ? Result<AppendFile>(AppendFile::own(std::move(own)))
                  : AppendFile::open(config.error_log.path, STDERR_FILENO);
  if (!file) return fail_of("errorlog", file.error());
  log::adopt(config.error_log, std::move(*file), opener_for(identity_));
  return {};
}

/// In a child. The master logs as the goal generation says; whoever stands in for a worker of the
/// one that serves would keep that for life.
void Arbiter::open_log_of(std::uint32_t generation) {
  if (generation == fleet_.table.goal_generation()) return;
  if (auto opened = log_as(generation); !opened) log::error(opened.error().text());
  fleet_.generations.at(generation).error_log.reset();
  if (ordered_level_) log::set_level(*ordered_level_);
}

Errand Arbiter::reopen_logs() {
  const std::vector<std::uint32_t> numbers = fleet_.generations.numbers();
  return {.purpose = "logs",
          .work =
              [this, numbers] {
                ErrandFinds finds;
                for (const std::uint32_t number : numbers) {
                  finds.push_back(open_error_log(fleet_.generations.at(number).config));
                  finds.push_back(open_access_log(fleet_.generations.at(number).config));
                }
                return finds;
              },
          .done =
              [this, numbers](Result<ErrandFinds> finds) {
                const auto reopened = take_reopened_logs(numbers, std::move(finds));
                for (const Chores::Asker& asker : chores_.end()) {
                  const std::string answer = reopened ? done() : refusal(reopened.error().text());
                  control_.socket().answer(asker.client, answer, now());
                }
              }};
}

/// The new files are there, and the workers' to write, before they are told to open them. What
/// could not be opened keeps its old file, as those have that are there.
Result<void> Arbiter::take_reopened_logs(const std::vector<std::uint32_t>& numbers,
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
  for (std::uint32_t slot = 0; slot < fleet_.table.slots_in_use(); ++slot) {
    send_signal(fleet_.table.worker(slot).pid, SIGUSR1);
  }
  for (Zygote& zygote : zygotes_.all()) {
    if (!fleet_.generations.contains(zygote.generation())) continue;
    const Generation& generation = fleet_.generations.at(zygote.generation());
    zygote.reopen_logs(generation.error_log.get(), generation.access_log.get());
  }
  if (reopened) {
    log::info("logs reopened");
  } else {
    log::error("logs not reopened, or not all: what could not be opened keeps its old file");
  }
  return reopened;
}

}  // namespace alicorn
