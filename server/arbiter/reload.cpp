// Arbiter: a new generation beside the old one, and what is left when a generation goes.
#include "base/log.hpp"
#include "server/arbiter/arbiter.hpp"
#include "server/config/load.hpp"
#include "server/host/crash_folder.hpp"

#include <string>
#include <utility>
#include <vector>

namespace alicorn {

/// Whatever is wrong with the new configuration: the old one goes on serving.
Result<std::uint32_t> Arbiter::reload() {
  if (table_->stop_mode() != StopMode::kNone) return fail("the server is stopping");
  if (upgrade_.is_main()) notifier_.reloading();
  const auto give_up = [&](const Error& error) -> Result<std::uint32_t> {
    log::error("reload: " + error.text() + "; the old configuration stays");
    note_failure(error.text(), "the configuration could not be reloaded");
    say_ready();
    control_.note_refused_reload(error.text());
    return tl::unexpected(error);
  };
  const Config& running = generations_.at(table_->goal_generation()).config;
  auto reloaded = reload_config(command_line_, running);
  if (!reloaded) return give_up(reloaded.error());
  std::vector<std::string> notes;
  for (const std::string_view key : reloaded->need_restart) {
    notes.push_back(std::string(key) + " is changed, and keeps its value until a restart");
    log::warning("reload: " + notes.back());
  }
  const auto number = open_generation(std::move(reloaded->config), bound_listeners());
  if (!number) return give_up(number.error());
  const auto give_back = [&](const Error& error) {
    drop_old_generations();
    retire_unwanted();
    return give_up(error);
  };
  if (auto control = expect_control(*number); !control) return give_back(control.error());
  const Config& config = generations_.at(*number).config;
  if (auto opened = open_log(config); !opened) {
    control_.drop_expected();
    return give_back(opened.error());
  }
  table_->reload(*number, policy_of(config));
  control_.note_reload(*number, now(), std::move(notes));
  withdraw_log_level();
  drop_old_generations();
  for (const std::string& remark : remarks_of(config, generations_.at(*number).listeners)) {
    log::warning("reload: " + remark);
  }
  log::info("reloading", {{"generation", std::to_string(*number)}});
  tell(Hook::kOnReload, {});
  return *number;
}

Result<std::uint32_t> Arbiter::open_generation(Config config, const Listeners& existing) {
  if (std::string& folder = config.worker.crash.directory; !folder.empty()) {
    auto prepared = prepare_crash_folder(folder, identity_);
    if (!prepared) return tl::unexpected(prepared.error());
    folder = std::move(*prepared);
  }
  auto access_log = open_access_log(config);
  if (!access_log) return tl::unexpected(access_log.error());
  auto listeners = open_listeners(binds_of(config), existing);
  if (!listeners) return tl::unexpected(listeners.error());
  const std::uint32_t number =
      generations_.add({std::move(config), std::move(*listeners), std::move(*access_log)});
  const Generation& generation = generations_.at(number);
  give_away_files(generation.listeners);
  return number;
}

void Arbiter::drop_old_generations() {
  const Listeners closing = generations_.drop_unless([&](std::uint32_t number) {
    return number == table_->goal_generation() || number == table_->serving_generation() ||
           table_->has_workers_of(number);
  });
  retire(closing);
}

}  // namespace alicorn
