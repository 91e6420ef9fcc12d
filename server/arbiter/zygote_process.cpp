#include "server/arbiter/zygote_process.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "server/arbiter/zygote_message.hpp"
#include "server/host/own_threads.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <malloc.h>
#include <time.h>

namespace alicorn {
namespace {

constexpr std::size_t kThreadsNamed = 8;

/// None may be left behind: its locks would stay locked in every worker. One that was joined is
/// still listed for a moment.
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

void spawn(const ZygoteContext& context, AppHost& app, std::uint32_t slot) {
  using Kind = ZygoteMessage::Kind;
  const WorkerRelay relay{
      .master = context.master, .announce = [&] {
        return send_message(context.socket, ZygoteMessage::make(Kind::kSpawned, slot)).has_value();
      }};
  if (auto spawned = spawn_worker_for(relay, context.describe_worker(slot, app)); !spawned) {
    const std::string reason = spawned.error().text();
    // Whom this does not reach is gone, which the next order's absence tells.
    static_cast<void>(
        send_message(context.socket, ZygoteMessage::make(Kind::kNotSpawned, slot, reason)));
  }
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
  while (receive_message(context.socket, order, sender) == Hearing::kMessage) {
    if (order.kind == Kind::kReopenLogs) {
      if (auto reopened = log::reopen(); !reopened) log::error(reopened.error().text());
      if (auto reopened = context.reopen_access_log(); !reopened) {
        log::error(reopened.error().text());
      }
    }
    if (order.kind != Kind::kSpawn) continue;
    if (auto single = require_single_thread(); !single) {
      return give_up(context.socket, single.error(), ExitCode::kBootError);
    }
    spawn(context, **app, order.slot);
  }
  return ExitCode::kOk;
}

}  // namespace alicorn
