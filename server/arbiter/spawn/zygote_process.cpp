#include "server/arbiter/spawn/zygote_process.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "server/arbiter/spawn/zygote_message.hpp"
#include "server/host/own_threads.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <malloc.h>
#include <time.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr std::size_t kThreadsNamed = 8;

/// No thread may be left behind: the locks it holds would stay locked in every worker. A thread
/// that was joined is still listed for a moment.
Result<void> require_single_thread() {
  constexpr timespec kBetweenLooks{.tv_sec = 0, .tv_nsec = 2'000'000};
  constexpr int kLooksMax = 100;
  std::vector<OwnThread> threads = other_threads();
  for (int look = 0; !threads.empty() && look < kLooksMax; ++look) {
    ::nanosleep(&kBetweenLooks, nullptr);
    threads = other_threads();
  }
  if (threads.empty()) return {};
  std::string names;
  for (std::size_t i = 0; i < std::min(threads.size(), kThreadsNamed); ++i) {
    names +=
        (i == 0 ? "" : ", ") + threads[i].name + " (tid " + std::to_string(threads[i].id) + ")";
  }
  if (threads.size() > kThreadsNamed) {
    names += " and " + std::to_string(threads.size() - kThreadsNamed) + " more";
  }
  return fail("the app has started threads before the fork, and no worker would have them: " +
              names + "; start them in worker_init, or switch preload off");
}

/// Runs in the worker. Waits until the master has it as its child, as the kernel confirms. A worker
/// that the master has given up must not run beside its successor.
bool is_taken_on(const WorkerBoard& board) {
  constexpr milliseconds kPatience{10'000};
  constexpr timespec kBetweenLooks{.tv_sec = 0, .tv_nsec = 200'000};
  const pid_t master = ::getppid();
  const MonotonicTime deadline = now() + kPatience;
  while (board.worker().admitted.load(std::memory_order_acquire) != ::getpid()) {
    if (now() >= deadline || ::getppid() != master) return false;
    ::nanosleep(&kBetweenLooks, nullptr);
  }
  return true;
}

void spawn(const ZygoteContext& context, AppHost& app, std::uint32_t slot, const UniqueFd& fd) {
  using Kind = ZygoteMessage::Kind;
  // If this does not reach the master, the master is gone, and no further order will come.
  const auto say = [&](Kind kind, std::string_view text = {}) {
    return send_message(context.socket, ZygoteMessage::make(kind, slot, text)).has_value();
  };
  std::optional<WorkerBoard> board;  // only the worker's
  const WorkerRelay relay{
      .master = context.master,
      .announce =
          [&] {
            auto mapped = WorkerBoard::map(fd.get(), context.calls_max);
            if (!mapped) return mapped.error().code.value();
            board.emplace(std::move(*mapped));
            return say(Kind::kSpawned) ? 0 : EPIPE;
          },
      .is_taken_on = [&] { return say(Kind::kAdopted) && is_taken_on(*board); }};
  const auto spawned = spawn_worker_for(relay, context.describe_worker(slot, app, board));
  if (!spawned) say(Kind::kNotSpawned, spawned.error().text());
}

}  // namespace

ExitCode give_up(int socket, const Error& error, ExitCode code) {
  const auto message = ZygoteMessage::make(ZygoteMessage::Kind::kGaveUp, 0, error.text());
  static_cast<void>(send_message(socket, message));
  return code;
}

ExitCode run_zygote(const ZygoteContext& context) {
  using Kind = ZygoteMessage::Kind;
  if (context.settings.capture_output) log::capture_output();
  ExitCode code = ExitCode::kOk;
  const auto app = preload_app(context.settings, context.calls_max, code);
  if (!app) return give_up(context.socket, app.error(), code);
  if (auto single = require_single_thread(); !single) {
    return give_up(context.socket, single.error(), ExitCode::kBootError);
  }
  ::malloc_trim(0);  // what loading has freed need not be copied into each worker
  static_cast<void>(send_message(context.socket, ZygoteMessage::make(Kind::kReady)));

  ZygoteMessage order;
  pid_t sender = 0;
  UniqueFd attached;
  while (receive_message(context.socket, order, sender, 0, &attached) == Hearing::kMessage) {
    UniqueFd file = std::exchange(attached, UniqueFd());
    switch (order.kind) {
      case Kind::kErrorLog:
        if (file) log::replace_file(AppendFile::own(LingeringFd(file.release())));
        break;
      case Kind::kAccessLog:
        if (file) context.take_access_log(LingeringFd(file.release()));
        break;
      case Kind::kSpawn:
        if (auto single = require_single_thread(); !single) {
          return give_up(context.socket, single.error(), ExitCode::kBootError);
        }
        spawn(context, **app, order.slot, file);
        break;
      default:
        break;
    }
  }
  return ExitCode::kOk;
}

}  // namespace alicorn
