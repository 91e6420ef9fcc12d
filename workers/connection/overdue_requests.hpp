// Finds requests that have passed request_timeout, and callbacks that have shown no sign of life
// for `timeout`. Logs them with the stack of the thread that is stuck in the app. Worker, I/O
// thread.
#pragma once

#include "workers/app/app_call.hpp"
#include "workers/app/call_table.hpp"
#include "workers/connection/interruption.hpp"
#include "workers/connection/standstill_watch.hpp"
#include "workers/crash/thread_trace.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace alicorn {

struct OverdueRequest {
  enum class Limit { kRequestTimeout, kTimeout };

  /// Copies what is logged from the call.
  OverdueRequest(AppCall& call, Limit the_limit, std::string the_peer, std::uint64_t the_age_ms);

  Limit limit;  ///< the limit that it has passed
  std::string request_id, method, target, peer;
  std::uint64_t age_ms;
  bool has_begun;  ///< the answer has begun
  bool is_abandoned;
  bool is_finished;         ///< the answer is complete, only a callback still runs
  std::string annotations;  ///< noted by the app
};

class OverdueRequests {
 public:
  explicit OverdueRequests(AppHost& app) : app_(app) {}

  /// Logs the request at once, unless it has a thread whose stack must be taken first. `calls`: all
  /// calls of the worker.
  void report(OverdueRequest request, AppCall& call, CallTable& calls, std::uint64_t now_us);
  /// Reports calls that hold a thread although their clients have left or have their answers: no
  /// connection checks their deadlines.
  void find_abandoned(CallTable& calls, std::uint64_t now_us);
  /// Reports, once each, callbacks that have held their threads for `limit` without a sign of life,
  /// and notifies their calls (AppCall::note_silent). Called with each sweep.
  void find_silent(CallTable& calls, milliseconds limit, std::uint64_t now_us);
  /// For use without such a limit: logs, once each, calls that hold a thread for long and have no
  /// deadline, because nothing will end them.
  static void warn_of_slow(CallTable& calls, std::uint64_t now_us);
  /// Logs the requests once it is known whether they hang. Interrupts those that do, if the app
  /// knows how. True: one cannot be freed from its thread.
  bool look(std::uint64_t now_us);
  /// The number of threads whose callbacks were found to hang.
  std::uint32_t threads_lost();

 private:
  struct Callback {
    AppCall* call;
    alicorn_token token;  ///< tells whether the call serves another request by now
    std::uint64_t since_us;

    bool still_runs() const;
  };
  struct Awaited {
    OverdueRequest request;
    Callback callback;
    pid_t thread;
    ThreadTrace* trace;  ///< null: the thread cannot be asked
    std::uint64_t since_us;
    std::uint64_t traced_us = 0;  ///< when the trace was seen; 0: not yet
  };

  struct Interrupted {
    OverdueRequest request;
    Callback callback;
    Interruption interruption;
    std::uint64_t since_us;
  };

  bool is_settled(Awaited& awaited, std::uint64_t now_us);
  bool is_settled(const Interrupted& interrupted, std::uint64_t now_us);
  void note_hanging(const Callback& callback);

  AppHost& app_;
  StandstillWatch standstill_watch_;
  std::vector<Awaited> awaited_;
  std::vector<Interrupted> interrupted_;
  std::vector<Callback> hanging_;
  bool one_hangs_ = false;  ///< news for look()
};

}  // namespace alicorn
