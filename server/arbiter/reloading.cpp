#include "server/arbiter/reloading.hpp"

#include "base/log.hpp"
#include "server/config/load.hpp"
#include "server/control/answer.hpp"
#include "server/host/crash_folder.hpp"

#include <string>
#include <utility>
#include <vector>

#include <signal.h>

namespace alicorn {
namespace {

/// What an errand brings back for a reload: the text of the configuration and, if the configuration
/// is usable, the files of the generation.
constexpr std::size_t kText = 0, kCrashFolder = 1, kErrorLog = 2, kAccessLog = 3, kFinds = 4;

Result<ErrandFind> as_find(const Result<std::string>& text) {
  if (!text) return tl::unexpected(text.error());
  return ErrandFind{.text = *text};
}

Result<std::string> as_text(const Result<ErrandFind>& find) {
  if (!find) return tl::unexpected(find.error());
  return find->text;
}

}  // namespace

void Reloading::begin() {
  // The reload may have been put off during another chore, which may have been an upgrade.
  const bool is_for_other_master = parts_.succession.takes(SIGHUP);
  if (is_for_other_master || parts_.fleet.table.stop_mode() != StopMode::kNone) {
    return answer(fail(is_for_other_master ? "a new master starts, and reads the configuration"
                                           : "the server is stopping"));
  }
  parts_.service.say_reloading();
  parts_.chores.send(
      {.purpose = "reload",
       .work = [this] { return read_all(); },
       .done = [this](Result<ErrandFinds> finds) { answer(take(std::move(finds))); }});
}

/// In the errand.
ErrandFinds Reloading::read_all() const {
  ErrandFinds finds;
  const auto text = read_config_file(parts_.premises.command_line);
  const auto reloaded =
      reload_config(parts_.premises.command_line, parts_.fleet.goal().config, text);
  finds.push_back(as_find(text));
  if (reloaded) open_files(reloaded->config, finds);
  return finds;
}

/// Opens the files that the configuration names, beside those in use.
void Reloading::open_files(const Config& config, ErrandFinds& finds) const {
  const std::string& folder = config.worker.crash.directory;
  finds.push_back(as_find(folder.empty() ? Result<std::string>(folder)
                                         : prepare_crash_folder(folder, parts_.premises.identity)));
  finds.push_back(parts_.log_files.open_error_log(config));
  finds.push_back(parts_.log_files.open_access_log(config));
}

void Reloading::answer(const Result<std::uint32_t>& generation) {
  ControlDesk& desk = parts_.control.desk();
  for (const Chores::Asker& asker : parts_.chores.end()) {
    if (generation && asker.waits_for_workers) {
      desk.wait_for_reload(asker.client);
      continue;
    }
    const std::string answer =
        generation ? done({{"generation", *generation}})
                   : refusal("the reload was refused: " + generation.error().text());
    desk.socket().answer(asker.client, answer, now());
  }
}

/// Whatever is wrong with the new configuration, the old one continues to serve.
Result<std::uint32_t> Reloading::take(Result<ErrandFinds> finds) {
  if (parts_.fleet.table.stop_mode() != StopMode::kNone) return fail("the server is stopping");
  auto number = finds ? try_to_take(*finds) : Result<std::uint32_t>(tl::unexpected(finds.error()));
  if (number) return number;
  const std::string text = number.error().text();
  log::error("reload: " + text + "; the old configuration stays");
  parts_.service.note_failure(text, "the configuration could not be reloaded");
  parts_.service.say_ready();
  parts_.control.desk().note_refused_reload(text);
  return number;
}

Result<std::uint32_t> Reloading::try_to_take(ErrandFinds& finds) {
  auto reloaded = reload_config(parts_.premises.command_line, parts_.fleet.goal().config,
                                as_text(finds.at(kText)));
  if (!reloaded) return tl::unexpected(reloaded.error());
  std::vector<std::string> notes;
  for (const std::string_view key : reloaded->need_restart) {
    notes.push_back(std::string(key) + " is changed, and keeps its value until a restart");
    log::warning("reload: " + notes.back());
  }
  auto number = open(std::move(reloaded->config), parts_.listening.bound(), finds);
  if (!number) return number;
  if (auto prepared = prepare(*number); !prepared) {
    parts_.listening.drop_old_generations();
    parts_.listening.retire_unwanted();
    return tl::unexpected(prepared.error());
  }
  parts_.fleet.table.reload(*number, policy_of(parts_.fleet.generations.at(*number).config));
  parts_.control.desk().note_reload(*number, now(), std::move(notes));
  parts_.log_files.withdraw_level();
  parts_.listening.drop_old_generations();
  announce(*number);
  return number;
}

/// `finds`: as a reload has them.
Result<std::uint32_t> Reloading::open(Config config, const Listeners& existing,
                                      ErrandFinds& finds) {
  if (finds.size() != kFinds) return fail("not all files came back");
  for (const std::size_t file : {kCrashFolder, kErrorLog, kAccessLog}) {
    if (!finds[file]) return tl::unexpected(finds[file].error());
  }
  config.worker.crash.directory = finds[kCrashFolder]->text;
  auto listeners = open_listeners(binds_of(config), existing);
  if (!listeners) return tl::unexpected(listeners.error());
  const std::uint32_t number =
      parts_.fleet.generations.add({.config = std::move(config),
                                    .listeners = std::move(*listeners),
                                    .access_log = std::move(finds[kAccessLog]->fd),
                                    .error_log = std::move(finds[kErrorLog]->fd)});
  parts_.listening.give_away_files(parts_.fleet.generations.at(number).listeners);
  return number;
}

/// The control socket and the log, as the generation's configuration has them.
Result<void> Reloading::prepare(std::uint32_t generation) {
  if (auto control = parts_.control.expect(generation); !control) return control;
  auto logs = parts_.log_files.log_as(generation);
  if (!logs) parts_.control.desk().drop_expected();
  return logs;
}

void Reloading::announce(std::uint32_t generation) {
  const Generation& opened = parts_.fleet.generations.at(generation);
  for (const std::string& remark : remarks_of(opened.config, opened.listeners)) {
    log::warning("reload: " + remark);
  }
  log::info("reloading", {{"generation", std::to_string(generation)}});
  parts_.hooks.tell(Hook::kOnReload);
}

Result<std::uint32_t> Reloading::open_first(const Listeners& inherited) {
  ErrandFinds finds;
  finds.emplace_back(ErrandFind{});  // the configuration is known
  open_files(parts_.premises.config, finds);
  return open(parts_.premises.config, inherited, finds);
}

}  // namespace alicorn
