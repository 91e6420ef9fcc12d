#include "server/arbiter/commands.hpp"

#include "base/log.hpp"
#include "server/control/answer.hpp"
#include "workers/contract/sizes.hpp"

#include <signal.h>

namespace alicorn {
namespace {

using Verb = ControlCommand::Verb;

bool only_looks(Verb verb) {
  return verb == Verb::kStatus || verb == Verb::kWorkers || verb == Verb::kRequests;
}

/// If the request is accepted, the answer comes when it is done.
std::optional<std::string> refusal_of(const Result<void>& asked) {
  if (asked) return std::nullopt;
  return refusal(asked.error().text());
}

}  // namespace

void Commands::serve() {
  ControlSocket& socket = control_.desk().socket();
  for (const ControlRequest& request : socket.serve(now())) {
    const auto answer = answer_to(request);
    if (answer) socket.answer(request.client, *answer, now());
  }
}

std::optional<std::string> Commands::answer_to(const ControlRequest& request) {
  const auto command = parse_control_command(request.line);
  return command ? obey(*command, request) : refusal(command.error().text());
}

std::optional<std::string> Commands::obey(const ControlCommand& command,
                                          const ControlRequest& request) {
  if (!only_looks(command.verb)) {
    log::info("control: " + request.line,
              {{"by_pid", std::to_string(request.pid)}, {"by_uid", std::to_string(request.uid)}});
  }
  if (command.wait && !control_.desk().may_wait()) return refusal("too many others wait already");
  const Chores::Asker asker{.client = request.client, .waits_for_workers = command.wait};
  switch (command.verb) {
    case Verb::kStatus:
      return render_status(status_.take(service_.last_failure(), log_files_.ordered_level()));
    case Verb::kWorkers:
      return render_workers(status_.take_workers());
    case Verb::kRequests:
      return status_.render_requests_in_flight();
    case Verb::kReload:
      return refusal_of(verbs_.reload(asker));
    case Verb::kScale:
      return scale(command.number);
    case Verb::kRecycle:
      return recycle(command.number);
    case Verb::kReopen:
      return refusal_of(verbs_.reopen(0, asker));
    case Verb::kStop:
      verbs_.stop(command.quick ? SIGQUIT : SIGTERM);  // which an upgrade may put off
      if (!command.wait) return done();
      control_.desk().wait_for_stop(request.client);
      return std::nullopt;
    case Verb::kLogLevel:
      verbs_.order_log_level(command.level);
      return done();
  }
  return refusal("unknown command");
}

std::string Commands::scale(std::uint32_t workers) {
  const WorkerTable& table = fleet_.table;
  if (table.stop_mode() != StopMode::kNone) return refusal("the server is stopping");
  verbs_.resize(static_cast<int>(workers) - static_cast<int>(table.target()));
  return done({{"workers", table.target()}});
}

std::string Commands::recycle(std::uint32_t number) {
  const WorkerTable& table = fleet_.table;
  if (table.stop_mode() != StopMode::kNone) return refusal("the server is stopping");
  const std::string name = "worker " + std::to_string(number);
  if (number > kWorkerSlots || table.worker(number - 1).phase == WorkerPhase::kReaped) {
    return refusal("there is no " + name + ": `workers` lists those there are");
  }
  if (!verbs_.recycle(number - 1)) {
    return refusal(name + " is not serving, or is being replaced already");
  }
  return done({{"slot", number}, {"pid", table.worker(number - 1).pid}});
}

}  // namespace alicorn
