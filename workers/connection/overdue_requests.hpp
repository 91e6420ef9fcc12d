// Requests that have passed request_timeout, and callbacks that have shown no sign of life for
// `timeout`: finds them and logs them, with the stack of the thread that is stuck in the app.
// Worker, I/O thread.
#pragma once

#include "workers/app/app_call.hpp"
#include "workers/app/call_table.hpp"
#include "workers/connection/standstill_watch.hpp"
#include "workers/crash/thread_trace.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace alicorn {

struct OverdueRequest {
  enum class Limit { kRequestTimeout, kTimeout };

  /// What the call knows of itself.
  OverdueRequest(AppCall& call, Limit the_limit, std::string the_peer, std::uint64_t the_age_ms);

  Limit limit;  ///< that it has passed
  std::string request_id, method, target, peer;
  std::uint64_t age_ms;
  bool has_begun;  ///< to answer
  bool is_abandoned;
  bool is_finished;         ///< all that is left of it is a callback
  std::string annotations;  ///< the app's
};

class OverdueRequests {
 public:
  /// Logs it at once, unless it has a thread whose stack comes first. `calls`: all of the worker's.
  void report(OverdueRequest request, AppCall& call, CallTable& calls, std::uint64_t now_us);
  /// Reports those that hold a thread although their clients have left or have their answers: no
  /// connection looks at their deadlines.
  void find_abandoned(CallTable& calls, std::uint64_t now_us);
  /// Reports those whose callbacks have held their threads for `limit` without a sign of life, once
  /// each, and tells them (AppCall::note_silent). To be called with each sweep.
  void find_silent(CallTable& calls, milliseconds limit, std::uint64_t now_us);
  /// Where there is no such limit: logs those that hold a thread for long and have no deadline,
  /// once each, as nothing will end them.
  static void warn_of_slow(CallTable& calls, std::uint64_t now_us);
  /// Logs those of which it has become known whether they hang. True: one does.
  bool look(std::uint64_t now_us);
  /// How many threads are in callbacks that were found to hang.
  std::uint32_t threads_lost();

 private:
  struct Callback {
    AppCall* call;
    alicorn_token token;  ///< the call may serve another request by now
    std::uint64_t since_us;

    bool still_runs() const;
  };
  struct Awaited {
    OverdueRequest request;
    Callback callback;
    pid_t thread;
    ThreadTrace* trace;  ///< null: the thread cannot be asked
    std::uint64_t since_us;
  };

  StandstillWatch standstill_watch_;
  std::vector<Awaited> awaited_;
  std::vector<Callback> hanging_;
};

}  // namespace alicorn
