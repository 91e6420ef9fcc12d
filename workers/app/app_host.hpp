// The server's side of the ABI in one process: the host table, the loaded app, its state and its
// calls. Worker; a zygote makes it, and each of its workers has a copy at the same address.
#pragma once

#include "alicorn/app.h"
#include "app_api/app_library.hpp"
#include "base/result.hpp"
#include "workers/app/body_budget.hpp"
#include "workers/app/call_environment.hpp"
#include "workers/app/call_table.hpp"
#include "workers/contract/exit_code.hpp"
#include "workers/contract/settings.hpp"
#include "workers/crash/loaded_file.hpp"
#include "workers/loop/executor.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace alicorn {

class AppHost {
 public:
  AppHost(const WorkerSettings& settings, std::uint32_t calls_max);

  /// Loads the app, and so runs its entry point. app() is valid afterwards.
  Result<void> load();
  /// Calls preload, on the main thread, once in the process that loads the app.
  Result<void> preload();
  /// Calls load() and preload(). `code` is the exit code for the process if that fails.
  Result<void> load_and_preload(ExitCode& code);

  /// Sets up what belongs to one worker, before init_worker(): as many scoreboard slots as there
  /// may be calls, and the function that runs (on any thread, with a reason) when the app asks for
  /// a replacement.
  void join_worker(CallSlot* slots, std::function<void(std::string_view reason)> recycle);
  /// Calls worker_init, on the main thread.
  Result<void> init_worker(std::uint32_t slot, std::uint32_t generation);
  Result<void> init_thread(AppThread& thread);
  void exit_thread(AppThread& thread);
  void exit_worker();

  /// The log level has changed. The app may be reading it at this moment.
  void follow_log_level();

  const alicorn_host& table() const { return table_.host; }
  const alicorn_app& app() const { return library_->app(); }
  LoadedFile& file() { return file_; }
  void* worker_state() const { return environment_.worker_state; }
  bool streams_body() const { return environment_.streams_body; }
  bool callbacks_may_block() const { return environment_.may_block; }
  AppExecutor& executor() { return *environment_.executor; }
  void set_executor(AppExecutor& executor);
  DiskHelpers& disk_helpers() { return *environment_.disk_helpers; }
  CallTable& calls() { return calls_; }
  BodyBudget& bodies() { return bodies_; }
  const std::string* config(std::string_view key) const;
  const WorkerSettings& settings() const { return settings_; }
  /// Does nothing as long as there is no worker: then there is nothing to replace.
  void ask_for_recycling(std::string_view reason) {
    if (recycle_) recycle_(reason);
  }

  /// The host that a table belongs to.
  static AppHost& of(const alicorn_host* table);

 private:
  /// An app built for a newer host may call, unguarded, a function that this host lacks. It then
  /// calls NULL and not garbage.
  struct Table {
    alicorn_host host;
    void* zeroes[32];
    AppHost* owner;
  };

  const WorkerSettings& settings_;
  std::map<std::string, std::string, std::less<>> config_;
  std::function<void(std::string_view)> recycle_;
  Table table_{};
  LoadedFile file_;
  std::optional<AppLibrary> library_;
  void* app_state_ = nullptr;
  BodyBudget bodies_;
  CallEnvironment environment_;
  CallTable calls_;
};

}  // namespace alicorn
