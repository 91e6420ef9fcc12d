#include "workers/overdue_requests.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace alicorn {
namespace {

/// A thread takes its own trace as soon as it gets to run; one that blocks the signal never does.
constexpr std::uint64_t kPatienceUs = 200'000;

std::string_view why_without_thread(AppCall::Whereabouts whereabouts) {
  switch (whereabouts) {
    case AppCall::Whereabouts::kWaitsForThread:
      return "none: no thread was free for it";
    case AppCall::Whereabouts::kWaitsForClient:
      return "none: it waits for the client, in a call of the host";
    case AppCall::Whereabouts::kDeferred:
    case AppCall::Whereabouts::kOnThread:
      break;
  }
  return "none: it is on no thread (deferred)";
}

}  // namespace

void OverdueRequests::report(OverdueRequest request, AppCall& call, std::uint64_t now_us) {
  const AppCall::Whereabouts whereabouts = call.whereabouts();
  if (whereabouts != AppCall::Whereabouts::kOnThread) {
    return log::error("request_timeout: the app has not answered",
                      {{"request_id", request.request_id},
                       {"method", request.method},
                       {"target", request.target},
                       {"age_ms", std::to_string(request.age_ms)},
                       {"peer", request.peer},
                       {"backtrace", why_without_thread(whereabouts)}});
  }
  const pid_t thread = call.thread();
  ThreadTrace* const trace = ask_for_trace(thread);
  if (trace == nullptr) return log_stuck(request, thread, "none: the thread cannot be asked");
  awaited_.push_back({.request = std::move(request),
                      .call = &call,
                      .token = call.view().token,
                      .thread = thread,
                      .trace = trace,
                      .since_us = now_us});
}

void OverdueRequests::look(std::uint64_t now_us) {
  const auto is_over = [now_us](Awaited& awaited) {
    if (awaited.trace->is_there()) {
      const bool is_the_same =
          awaited.call->view().token == awaited.token && awaited.call->holds_a_thread();
      log_stuck(awaited.request, awaited.thread,
                is_the_same ? describe(awaited.trace->trace())
                            : "none: the callback has returned meanwhile");
      awaited.trace->release();
      return true;
    }
    if (now_us < awaited.since_us + kPatienceUs) return false;
    // Asked it stays: its trace, if it ever comes, is of another time.
    log_stuck(awaited.request, awaited.thread, "none: the thread does not take the signal");
    return true;
  };
  awaited_.erase(std::remove_if(awaited_.begin(), awaited_.end(), is_over), awaited_.end());
}

void OverdueRequests::log_stuck(const OverdueRequest& request, pid_t thread,
                                const std::string& backtrace) {
  log::error(
      "request_timeout: the app has not answered and does not return; this worker will be replaced",
      {{"request_id", request.request_id},
       {"method", request.method},
       {"target", request.target},
       {"age_ms", std::to_string(request.age_ms)},
       {"peer", request.peer},
       {"thread", std::to_string(thread)},
       {"backtrace", backtrace}});
}

}  // namespace alicorn
