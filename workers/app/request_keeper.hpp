// Keeps the request that the crashed thread was serving. Worker; the step runs in the signal
// handler.
#pragma once

#include "workers/app/call_table.hpp"
#include "workers/contract/settings.hpp"
#include "workers/crash/crash_handler.hpp"
#include "workers/crash/request_file.hpp"

namespace alicorn {

class RequestKeeper {
 public:
  /// All three must stay alive until the process's last signal.
  RequestKeeper(const CrashSettings& settings, const CallTable& calls, KeptRequest& result)
      : settings_(settings), calls_(calls), result_(result) {}

  CrashStep crash_step() { return {.run = &RequestKeeper::run, .context = this}; }

 private:
  static void run(void* context, const CrashRecord& record) noexcept {
    const auto& keeper = *static_cast<const RequestKeeper*>(context);
    const AppCall* const call = keeper.calls_.call_on(record.thread);
    if (call == nullptr) return;  // not in a request: a thread of the app's own, or the loop
    write_request_file(keeper.settings_, call->request_bytes(), keeper.result_);
  }

  const CrashSettings& settings_;
  const CallTable& calls_;
  KeptRequest& result_;
};

}  // namespace alicorn
