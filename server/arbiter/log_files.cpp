// Arbiter: the files of the logs. Whose they are, and what a rotation does.
#include "base/log.hpp"
#include "server/arbiter/arbiter.hpp"
#include "server/host/workers_files.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {
namespace {

tl::unexpected<Error> fail_of(std::string_view setting, const Error& error) {
  return tl::unexpected(Error{error.code, std::string(setting) + ": " + error.context});
}

}  // namespace

/// The user comes first: the file is to be its.
Result<void> Arbiter::open_first_log() {
  auto identity = resolve_identity(config_.user, config_.group);
  if (!identity) return tl::unexpected(identity.error());
  identity_ = std::move(*identity);
  return open_log(config_);
}

Result<void> Arbiter::open_log(const Config& config) {
  auto opened = log::open(config.error_log, opener_for(identity_));
  return opened ? opened : fail_of("errorlog", opened.error());
}

/// In a child, while it may open what the master may. The master logs as the goal generation says;
/// whoever stands in for a worker of the one that serves would keep that for life.
void Arbiter::open_log_of(std::uint32_t generation) {
  if (generation == table_->goal_generation()) return;
  if (auto opened = open_log(generations_.at(generation).config); !opened) {
    log::error(opened.error().text());
  }
  if (ordered_level_) log::set_level(*ordered_level_);
}

Result<void> Arbiter::reopen_logs() {
  // The new files are there, and the workers' to write, before they are told to open them.
  Result<void> reopened = log::reopen();
  if (!reopened) reopened = fail_of("errorlog", reopened.error());
  if (!reopened) log::error(reopened.error().text());
  for (const std::uint32_t number : generations_.numbers()) {
    const auto access_log = reopen_access_log(generations_.at(number));
    if (!access_log) log::error(access_log.error().text());
    if (reopened) reopened = access_log;
  }
  for (std::uint32_t slot = 0; slot < table_->slots_in_use(); ++slot) {
    send_signal(table_->worker(slot).pid, SIGUSR1);
  }
  for (Zygote& zygote : zygotes_.all()) zygote.reopen_logs();
  if (reopened) {
    log::info("logs reopened");
  } else {
    log::error("logs not reopened, or not all: what could not be opened keeps its old file");
  }
  return reopened;
}

/// For workers that come. Where it fails they get the old file, as those have that are there.
Result<void> Arbiter::reopen_access_log(Generation& generation) const {
  auto opened = open_access_log(generation.config);
  if (!opened) return tl::unexpected(opened.error());
  generation.access_log = std::move(*opened);
  return {};
}

Result<UniqueFd> Arbiter::open_access_log(const Config& config) const {
  const std::string& path = config.worker.access_log.path;
  if (path.empty()) return UniqueFd();
  // Who sets umask means this file, too: no process of less rights makes it.
  const mode_t before = config.umask ? ::umask(*config.umask) : 0;
  auto opened = AppendFile::open(path, STDOUT_FILENO, opener_for(identity_));
  if (config.umask) ::umask(before);
  if (opened) return std::move(*opened).take();
  return fail_of("accesslog", opened.error());
}

}  // namespace alicorn
