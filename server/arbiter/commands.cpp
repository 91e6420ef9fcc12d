// Arbiter: what is asked of it through the control socket.
#include "base/log.hpp"
#include "server/arbiter/arbiter.hpp"
#include "server/control/answer.hpp"
#include "server/control/control_command.hpp"
#include "workers/contract/sizes.hpp"

#include <utility>

namespace alicorn {
namespace {

using Verb = ControlCommand::Verb;

bool only_looks(Verb verb) {
  return verb == Verb::kStatus || verb == Verb::kWorkers || verb == Verb::kRequests;
}

}  // namespace

void Arbiter::serve_control() {
  for (const ControlRequest& request : control_.desk().socket().serve(now())) {
    const auto command = parse_control_command(request.line);
    auto answer = command ? obey(*command, request) : refusal(command.error().text());
    if (answer) control_.desk().socket().answer(request.client, *answer, now());
  }
}

/// Nothing: it is answered later.
std::optional<std::string> Arbiter::obey(const ControlCommand& command,
                                         const ControlRequest& request) {
  if (!only_looks(command.verb)) {
    log::info("control: " + request.line,
              {{"by_pid", std::to_string(request.pid)}, {"by_uid", std::to_string(request.uid)}});
  }
  if (command.wait && !control_.desk().may_wait()) {
    return refusal("too many others wait already");
  }
  switch (command.verb) {
    case Verb::kStatus:
      return render_status(status_.take(service_.last_failure(), log_files_.ordered_level()));
    case Verb::kWorkers:
      return render_workers(status_.take_workers());
    case Verb::kRequests:
      return status_.render_requests_in_flight();
    case Verb::kReload:
      return obey_reload(command, request);
    case Verb::kScale:
      return obey_scale(command.number);
    case Verb::kRecycle:
      return obey_recycle(command.number);
    case Verb::kReopen:
      if (!chores_.has_room(control_.desk().socket()))
        return refusal("too many others wait already");
      succession_.pass_reopening_on(0);
      chores_.ask(Chores::Kind::kReopenLogs,
                  Chores::Asker{.client = request.client, .waits_for_workers = false});
      return std::nullopt;
    case Verb::kStop:
      handle(command.quick ? SIGQUIT : SIGTERM);  // which an upgrade may put off
      if (!command.wait) return done();
      control_.desk().wait_for_stop(request.client);
      return std::nullopt;
    case Verb::kLogLevel:
      log_files_.order_level(command.level);
      return done();
  }
  return refusal("unknown command");
}

std::optional<std::string> Arbiter::obey_reload(const ControlCommand& command,
                                                const ControlRequest& request) {
  if (succession_.is_under_way()) {
    return refusal("the reload was refused: a new master starts, and reads the configuration");
  }
  if (fleet_.table.stop_mode() != StopMode::kNone) {
    return refusal("the reload was refused: the server is stopping");
  }
  if (!chores_.has_room(control_.desk().socket())) return refusal("too many others wait already");
  chores_.ask(Chores::Kind::kReload,
              Chores::Asker{.client = request.client, .waits_for_workers = command.wait});
  return std::nullopt;
}

std::string Arbiter::obey_scale(std::uint32_t workers) {
  if (fleet_.table.stop_mode() != StopMode::kNone) return refusal("the server is stopping");
  resize(static_cast<int>(workers) - static_cast<int>(fleet_.table.target()));
  return done({{"workers", fleet_.table.target()}});
}

std::string Arbiter::obey_recycle(std::uint32_t number) {
  if (fleet_.table.stop_mode() != StopMode::kNone) return refusal("the server is stopping");
  const std::string name = "worker " + std::to_string(number);
  if (number > kWorkerSlots || fleet_.table.worker(number - 1).phase == WorkerPhase::kReaped) {
    return refusal("there is no " + name + ": `workers` lists those there are");
  }
  if (!fleet_.table.recycle(number - 1, now())) {
    return refusal(name + " is not serving, or is being replaced already");
  }
  return done({{"slot", number}, {"pid", fleet_.table.worker(number - 1).pid}});
}

}  // namespace alicorn
