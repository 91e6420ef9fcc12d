// Arbiter: a new generation beside the old one, and what is left when a generation goes.
#include "base/log.hpp"
#include "server/arbiter/arbiter.hpp"
#include "server/config/load.hpp"
#include "server/control/answer.hpp"
#include "server/host/crash_folder.hpp"

#include <string>
#include <utility>
#include <vector>

namespace alicorn {
namespace {

/// What an errand brings back for a reload: the configuration's text, and if that is one that can
/// be used, the files of the generation.
constexpr std::size_t kText = 0, kCrashFolder = 1, kErrorLog = 2, kAccessLog = 3, kFinds = 4;

}  // namespace

/// The files that the configuration names are opened beside those in use.
void Arbiter::open_files(const Config& config, ErrandFinds& finds) const {
  const std::string& folder = config.worker.crash.directory;
  auto prepared = folder.empty() ? folder : prepare_crash_folder(folder, premises_.identity);
  if (prepared) {
    finds.emplace_back(ErrandFind{.text = std::move(*prepared)});
  } else {
    finds.emplace_back(tl::unexpected(prepared.error()));
  }
  finds.push_back(log_files_.open_error_log(config));
  finds.push_back(log_files_.open_access_log(config));
}

/// Whoever asked for it hears of it when the new generation is on its way.
void Arbiter::reload() {
  // Put off while another chore was under way, and it may have been an upgrade.
  const bool is_for_other_master = succession_.takes(SIGHUP);
  if (is_for_other_master || fleet_.table.stop_mode() != StopMode::kNone) {
    return answer_reload(fail(is_for_other_master
                                  ? "a new master starts, and reads the configuration"
                                  : "the server is stopping"));
  }
  service_.say_reloading();
  chores_.send({.purpose = "reload",
                .work =
                    [this] {
                      ErrandFinds finds;
                      const auto text = read_config_file(premises_.command_line);
                      const Config& running = fleet_.goal().config;
                      const auto reloaded = reload_config(premises_.command_line, running, text);
                      if (text) {
                        finds.emplace_back(ErrandFind{.text = *text});
                      } else {
                        finds.emplace_back(tl::unexpected(text.error()));
                      }
                      if (reloaded) open_files(reloaded->config, finds);
                      return finds;
                    },
                .done = [this](Result<ErrandFinds> finds) { answer_reload(take_reload(finds)); }});
}

void Arbiter::answer_reload(const Result<std::uint32_t>& generation) {
  for (const Chores::Asker& asker : chores_.end()) {
    if (generation && asker.waits_for_workers) {
      control_.desk().wait_for_reload(asker.client);
      continue;
    }
    const std::string answer =
        generation ? done({{"generation", *generation}})
                   : refusal("the reload was refused: " + generation.error().text());
    control_.desk().socket().answer(asker.client, answer, now());
  }
}

/// Whatever is wrong with the new configuration: the old one goes on serving.
Result<std::uint32_t> Arbiter::take_reload(Result<ErrandFinds>& finds) {
  if (fleet_.table.stop_mode() != StopMode::kNone) return fail("the server is stopping");
  const auto give_up = [&](const Error& error) -> Result<std::uint32_t> {
    log::error("reload: " + error.text() + "; the old configuration stays");
    service_.note_failure(error.text(), "the configuration could not be reloaded");
    service_.say_ready();
    control_.desk().note_refused_reload(error.text());
    return tl::unexpected(error);
  };
  if (!finds) return give_up(finds.error());
  const Config& running = fleet_.goal().config;
  const Result<ErrandFind>& text = finds->at(kText);
  auto reloaded = reload_config(
      premises_.command_line, running,
      text ? Result<std::string>(text->text) : Result<std::string>(tl::unexpected(text.error())));
  if (!reloaded) return give_up(reloaded.error());
  std::vector<std::string> notes;
  for (const std::string_view key : reloaded->need_restart) {
    notes.push_back(std::string(key) + " is changed, and keeps its value until a restart");
    log::warning("reload: " + notes.back());
  }
  const auto number = open_generation(std::move(reloaded->config), listening_.bound(), *finds);
  if (!number) return give_up(number.error());
  const auto give_back = [&](const Error& error) {
    listening_.drop_old_generations();
    listening_.retire_unwanted();
    return give_up(error);
  };
  if (auto control = control_.expect(*number); !control) return give_back(control.error());
  if (auto logs = log_files_.log_as(*number); !logs) {
    control_.desk().drop_expected();
    return give_back(logs.error());
  }
  fleet_.table.reload(*number, policy_of(fleet_.generations.at(*number).config));
  control_.desk().note_reload(*number, now(), std::move(notes));
  log_files_.withdraw_level();
  listening_.drop_old_generations();
  const Generation& generation = fleet_.generations.at(*number);
  for (const std::string& remark : remarks_of(generation.config, generation.listeners)) {
    log::warning("reload: " + remark);
  }
  log::info("reloading", {{"generation", std::to_string(*number)}});
  hooks_.tell(Hook::kOnReload, {});
  return *number;
}

/// `finds`: as a reload has them.
Result<std::uint32_t> Arbiter::open_generation(Config config, const Listeners& existing,
                                               ErrandFinds& finds) {
  if (finds.size() != kFinds) return fail("not all files came back");
  for (const std::size_t file : {kCrashFolder, kErrorLog, kAccessLog}) {
    if (!finds[file]) return tl::unexpected(finds[file].error());
  }
  config.worker.crash.directory = finds[kCrashFolder]->text;
  auto listeners = open_listeners(binds_of(config), existing);
  if (!listeners) return tl::unexpected(listeners.error());
  const std::uint32_t number =
      fleet_.generations.add({.config = std::move(config),
                              .listeners = std::move(*listeners),
                              .access_log = std::move(finds[kAccessLog]->fd),
                              .error_log = std::move(finds[kErrorLog]->fd)});
  const Generation& generation = fleet_.generations.at(number);
  listening_.give_away_files(generation.listeners);
  return number;
}

/// At start nobody is kept waiting.
Result<std::uint32_t> Arbiter::open_first_generation(const Listeners& inherited) {
  ErrandFinds finds;
  finds.emplace_back(ErrandFind{});  // the configuration is known
  open_files(premises_.config, finds);
  return open_generation(premises_.config, inherited, finds);
}

}  // namespace alicorn
