// Loop, app, threads and connections of one process, wired once: for a worker, for `alicorn replay`
// and for tests. Worker; I/O thread unless said otherwise.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "workers/app/app_callbacks.hpp"
#include "workers/app/app_host.hpp"
#include "workers/connection/connection_context.hpp"
#include "workers/connection/connection_set.hpp"
#include "workers/contract/load_table.hpp"
#include "workers/contract/scoreboard.hpp"
#include "workers/contract/settings.hpp"
#include "workers/http/own_fields.hpp"
#include "workers/http/request_id.hpp"
#include "workers/loop/event_loop.hpp"
#include "workers/loop/executor.hpp"
#include "workers/net/input_buffer.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace alicorn {

class Station {
 public:
  /// What it works with. All must outlive it.
  struct Parts {
    const WorkerSettings& settings;
    AppHost& app;
    AccessLog& access_log;
    const ForwardedTrust& trust;
    WorkerSlot& scoreboard;
    WorkerLoad& load;
    BlockPool& blocks;                ///< must outlive the app as well: its calls may keep blocks
    LastWords* last_words = nullptr;  ///< null: a crash answers no clients
    std::uint64_t request_id_seed;
  };
  /// What it tells. Each is called on the I/O thread but for the two about threads.
  struct Hooks {
    /// On each thread, before the app's thread_init; an error stops the boot.
    std::function<Result<void>()> thread_started = [] { return Result<void>(); };
    std::function<void(AppThread&)> leads = [](AppThread&) {};  ///< on the thread that will lead
    std::function<void()> load_changed = [] {};
    std::function<void()> delivered = [] {};  ///< calls have come back from other threads
    std::function<void()> sweep;              ///< at the time of set_sweep()
    std::function<void(std::string_view reason)> ask_for_recycling = [](std::string_view) {};
    std::function<void()> connection_closed = [] {};
    std::function<void(ConnectionContext::Served)> request_served = [](ConnectionContext::Served) {
    };
  };

  /// The app is loaded, and its worker initialised. Main thread.
  Station(const Parts& parts, Hooks hooks);
  Station(const Station&) = delete;
  Station& operator=(const Station&) = delete;

  /// Main thread: starts the threads that run the app.
  Result<void> start();
  /// Main thread: leads, or stands by, until the executor is stopped. `on_stuck`: see
  /// AppExecutor::run().
  void run(const std::function<void()>& on_stuck) { executor_.run(on_stuck); }

  void set_sweep(MonotonicTime time) { sweep_timer_.set(time); }
  MonotonicTime next_sweep() const { return sweep_timer_.time(); }
  void refresh_date() { own_fields_.refresh(wall_clock_us() / 1'000'000); }

  enum class Ready { kYes, kNotYet, kRefused };
  /// Whether the app wants clients. Asks an app that has something to say about it, unless it is
  /// being asked; `when_ready` runs as soon as it says yes.
  Ready ask_ready(const std::function<void()>& when_ready = [] {});
  /// Tells an app that wants to know it that its worker leaves, once.
  void give_drain_notice();
  /// A callback of these two still runs, or waits for a thread.
  bool has_callback() const;

  EventLoop& loop() { return loop_; }
  AppExecutor& executor() { return executor_; }
  ConnectionContext& context() { return context_; }
  ConnectionSet& connections() { return connections_; }

 private:
  AppExecutor::Hooks executor_hooks(bool is_logged);

  AppHost& app_;
  const Hooks hooks_;
  EventLoop loop_;
  OwnFields own_fields_;
  RequestIds ids_;
  AppExecutor executor_;
  ReadableWatch deliveries_;  // before the executor goes, whose descriptor it watches
  LoopTimer sweep_timer_;
  ConnectionContext context_;
  ConnectionSet connections_;
  std::optional<ReadyCheck> ready_check_;
  std::optional<DrainNotice> drain_notice_;
};

}  // namespace alicorn
