// The log's lines about requests that have passed request_timeout, with the stack of the thread
// that is stuck in the app. Worker, I/O thread.
#pragma once

#include "workers/app_call.hpp"
#include "workers/call_table.hpp"
#include "workers/thread_trace.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace alicorn {

struct OverdueRequest {
  std::string request_id, method, target, peer;
  std::uint64_t age_ms = 0;
  bool has_begun = false;     ///< to answer
  std::string annotations{};  ///< the app's
};

class OverdueRequests {
 public:
  /// Logs it at once, unless it has a thread whose stack comes first. `calls`: all of the worker's.
  void report(OverdueRequest request, AppCall& call, CallTable& calls, std::uint64_t now_us);
  /// Logs those whose stack has come, or has not come in time.
  void look(std::uint64_t now_us);

 private:
  struct Awaited {
    OverdueRequest request;
    AppCall* call;
    alicorn_token token;  ///< the call may serve another request by now
    pid_t thread;
    ThreadTrace* trace;
    std::uint64_t since_us;
  };
  static void log_stuck(const OverdueRequest& request, pid_t thread, const std::string& backtrace);

  std::vector<Awaited> awaited_;
};

}  // namespace alicorn
