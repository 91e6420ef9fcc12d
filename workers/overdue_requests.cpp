#include "workers/overdue_requests.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
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

std::string_view what_is_missing(const OverdueRequest& request) {
  return request.has_begun ? "request_timeout: the app has not finished its answer"
                           : "request_timeout: the app has not answered";
}

/// "GET /report (id 7f3a), and 2 more": of the calls that have a thread, the one that has had it
/// longest.
std::string who_has_the_threads(CallTable& calls) {
  AppCall* first = nullptr;
  int count = 0;
  calls.for_each_in_use([&](AppCall& call) {
    if (call.thread() == 0) return;
    ++count;
    if (first == nullptr || call.started_us() < first->started_us()) first = &call;
  });
  if (first == nullptr) return "-";
  std::string text(first->request().method);
  text.append(" ").append(first->request().path).append(" (id ").append(first->id_storage());
  text.append(")");
  if (count > 1) text.append(", and ").append(std::to_string(count - 1)).append(" more");
  return text;
}

/// `more`: up to two facts besides.
void log_overdue(std::string_view message, const OverdueRequest& request,
                 std::initializer_list<log::Field> more) {
  const std::string age_ms = std::to_string(request.age_ms);
  std::array<log::Field, 8> fields{{{"request_id", request.request_id},
                                    {"method", request.method},
                                    {"target", request.target},
                                    {"age_ms", age_ms},
                                    {"peer", request.peer}}};
  std::size_t count = 5;
  if (!request.annotations.empty()) fields[count++] = {"annotations", request.annotations};
  for (const log::Field& field : more) fields[count++] = field;
  log::write(log::Level::kError, message, fields.data(), count);
}

}  // namespace

void OverdueRequests::report(OverdueRequest request, AppCall& call, CallTable& calls,
                             std::uint64_t now_us) {
  const AppCall::Whereabouts whereabouts = call.whereabouts();
  const std::string_view no_trace = why_without_thread(whereabouts);
  if (whereabouts == AppCall::Whereabouts::kWaitsForThread) {
    return log_overdue("request_timeout: it has waited for a thread, the app has not had it",
                       request, {{"held_by", who_has_the_threads(calls)}, {"backtrace", no_trace}});
  }
  if (whereabouts != AppCall::Whereabouts::kOnThread) {
    return log_overdue(what_is_missing(request), request, {{"backtrace", no_trace}});
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
  const std::string message =
      std::string(what_is_missing(request)) + " and does not return; this worker will be replaced";
  log_overdue(message, request, {{"thread", std::to_string(thread)}, {"backtrace", backtrace}});
}

}  // namespace alicorn
