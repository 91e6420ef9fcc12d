#include "server/arbiter/premises.hpp"

#include <string>
#include <utility>

#include <unistd.h>

namespace alicorn {
namespace {

Result<void> change_directory(const std::string& directory) {
  if (directory.empty() || ::chdir(directory.c_str()) == 0) return {};
  return fail_errno("chdir", directory);
}

}  // namespace

Premises::Premises(Config configuration, CommandLine arguments)
    : config(std::move(configuration)), command_line(std::move(arguments)) {}

Result<void> Premises::claim_process() {
  // Also in the master itself: if it had more rights, workers of the same user could get at them.
  if (auto forbidden = forbid_new_privileges(); !forbidden) return forbidden;
  set_dumpable(config.dumpable);
  auto created = SignalQueue::create();
  if (!created) return tl::unexpected(created.error());
  signals = std::move(*created);
  return {};
}

Result<void> Premises::find_identity() {
  auto found = resolve_identity(config.user, config.group);
  if (!found) return tl::unexpected(found.error());
  identity = std::move(*found);
  return {};
}

Result<void> Premises::claim_place() {
  if (auto changed = change_directory(config.chdir); !changed) return changed;
  if (config.pidfile.empty()) return {};
  auto created = Pidfile::create(config.pidfile);
  if (!created) return tl::unexpected(created.error());
  pidfile = std::move(*created);
  return {};
}

Result<void> Premises::make_lifeline() {
  auto made = Lifeline::create();
  if (!made) return tl::unexpected(made.error());
  lifeline = std::move(*made);
  return {};
}

}  // namespace alicorn
