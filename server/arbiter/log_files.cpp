// Arbiter: the files of the logs. Whose they are, and what a rotation does.
#include "base/log.hpp"
#include "server/arbiter/arbiter.hpp"
#include "server/host/workers_files.hpp"

#include <unistd.h>

namespace alicorn {

/// The user comes first: the file is to be its.
Result<void> Arbiter::open_first_log() {
  auto identity = resolve_identity(config_.user, config_.group);
  if (!identity) return tl::unexpected(identity.error());
  identity_ = std::move(*identity);
  return open_log(config_);
}

Result<void> Arbiter::open_log(const Config& config) {
  return log::open(config.error_log, opener_for(identity_));
}

Result<void> Arbiter::reopen_logs() {
  // The new files are there, and the workers' to write, before they are told to open them.
  const Config& config = generations_.at(table_->goal_generation()).config;
  if (auto prepared = prepare_access_log(config); !prepared) log::error(prepared.error().text());
  auto reopened = log::reopen();
  if (!reopened) log::error(reopened.error().text());
  for (std::uint32_t slot = 0; slot < table_->slots_in_use(); ++slot) {
    send_signal(table_->worker(slot).pid, SIGUSR1);
  }
  for (Zygote& zygote : zygotes_.all()) zygote.reopen_logs();
  log::info("logs reopened");
  return reopened;
}

Result<void> Arbiter::prepare_access_log(const Config& config) {
  const std::string& path = config.worker.access_log.path;
  if (!identity_ || path.empty()) return {};
  const auto opened = AppendFile::open(path, STDOUT_FILENO, opener_for(identity_));
  return opened ? Result<void>() : tl::unexpected(opened.error());
}

}  // namespace alicorn
