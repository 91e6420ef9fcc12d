#include "workers/connection/overdue_requests.hpp"

#include "base/log.hpp"
#include "workers/http/abi_string.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

namespace alicorn {
namespace {

/// The call is inside the app's code: its callback runs and does not wait for the client.
bool holds_a_thread(AppCall& call) {
  return call.whereabouts() == AppCall::Whereabouts::kOnThread;
}

pid_t thread_of(const AppCall& call) {
  return static_cast<pid_t>(call.slot().thread.load(std::memory_order_relaxed));
}

/// How long to wait for a trace. A thread traces itself as soon as it gets to run; one that blocks
/// the signal never does. A callback that merely happens to run when the time is over returns
/// sooner than this.
constexpr std::uint64_t kPatienceUs = 200'000;
/// Time for a callback to return after its thread has taken its own backtrace.
constexpr std::uint64_t kReturnUs = 10'000;
/// After the app learns that the time is over (by a callback, or because its call returns), it has
/// this long to clean up.
constexpr std::uint64_t kTimeToCleanUpUs = 1'000'000;
/// A callback that is interrupted has this long to return (app.h).
constexpr std::uint64_t kInterruptUs = 5'000'000;
constexpr const char* kWillBeReplaced = "this worker will be replaced";
/// After this long, other servers (Gunicorn's `timeout`) consider a worker hung.
constexpr std::uint64_t kSlowUs = 30'000'000;

/// Formatted as in a crash report: "name=value, name=value".
std::string joined(const AppCall::Annotations& annotations) {
  std::string text;
  for (const auto& [name, value] : annotations) {
    text.append(text.empty() ? "" : ", ").append(name).append("=").append(value);
  }
  return text;
}

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

std::string what_is_missing(const OverdueRequest& request) {
  const bool is_silent = request.limit == OverdueRequest::Limit::kTimeout;
  std::string text = is_silent ? "timeout: " : "request_timeout: ";
  if (request.is_finished) {
    text.append("the request is answered, its callback runs on");
  } else {
    text.append(request.has_begun ? "the app has not finished its answer"
                                  : "the app has not answered");
    if (request.is_abandoned) text.append(" (its client is gone)");
  }
  if (is_silent) text.append(", shows no sign of life");
  return text;
}

/// "GET /report (id 7f3a), and 2 more": of the calls that have a thread, names the one that has had
/// it longest.
std::string who_has_the_threads(CallTable& calls) {
  AppCall* first = nullptr;
  int count = 0;
  calls.for_each_in_use([&](AppCall& call) {
    if (thread_of(call) == 0) return;
    ++count;
    if (first == nullptr || call.times().started_us() < first->times().started_us()) first = &call;
  });
  if (first == nullptr) return "-";
  std::string text(first->facts().request().method);
  text.append(" ")
      .append(first->facts().request().path)
      .append(" (id ")
      .append(first->facts().id());
  text.append(")");
  if (count > 1) text.append(", and ").append(std::to_string(count - 1)).append(" more");
  return text;
}

/// `more`: up to three additional fields.
void log_request(log::Level level, std::string_view message, const OverdueRequest& request,
                 std::initializer_list<log::Field> more) {
  const std::string age_ms = std::to_string(request.age_ms);
  std::array<log::Field, 9> fields{{{"request_id", request.request_id},
                                    {"method", request.method},
                                    {"target", request.target},
                                    {"age_ms", age_ms},
                                    {"peer", request.peer}}};
  std::size_t count = 5;
  if (!request.annotations.empty()) fields[count++] = {"annotations", request.annotations};
  for (const log::Field& field : more) fields[count++] = field;
  log::write(level, message, fields.data(), count);
}

OverdueRequest described(AppCall& call, OverdueRequest::Limit limit, std::uint64_t now_us) {
  const alicorn_request& view = call.facts().abi();
  return {call, limit, std::string(as_view(view.client_address)),
          (now_us - view.received_us) / 1000};
}

}  // namespace

OverdueRequest::OverdueRequest(AppCall& call, Limit the_limit, std::string the_peer,
                               std::uint64_t the_age_ms)
    : limit(the_limit),
      request_id(call.facts().id()),
      method(call.facts().request().method),
      target(call.facts().request().target),
      peer(std::move(the_peer)),
      age_ms(the_age_ms),
      has_begun(call.answer_state().has_begun),
      is_abandoned(call.is_abandoned()),
      is_finished(!call.answer_state().is_owed),
      annotations(joined(call.annotations_for_log())) {}

void OverdueRequests::find_abandoned(CallTable& calls, std::uint64_t now_us) {
  calls.for_each_in_use([&](AppCall& call) {
    const std::uint64_t deadline = call.times().deadline_us(),
                        received = call.facts().abi().received_us;
    if (!call.is_abandoned() || deadline == 0) return;
    std::uint64_t end = std::max(deadline, call.times().callback_since_us());
    // Work after the answer may take as long as the request itself might have taken.
    if (!call.answer_state().is_owed) {
      end = std::max(call.times().callback_since_us(), call.times().abandoned_us()) +
            (deadline - received);
    }
    if (now_us < end + kTimeToCleanUpUs) return;
    if (!holds_a_thread(call) || !call.times().note_overdue()) return;
    report(described(call, OverdueRequest::Limit::kRequestTimeout, now_us), call, calls, now_us);
  });
}

void OverdueRequests::find_silent(CallTable& calls, milliseconds limit, std::uint64_t now_us) {
  if (!standstill_watch_.may_judge(now_us)) return;
  calls.for_each_in_use([&](AppCall& call) {
    if (thread_of(call) == 0) return;
    const std::uint64_t end =
        std::max(call.times().sign_of_life_us() + to_us(limit), call.times().extended_us());
    if (now_us < end || !holds_a_thread(call) || !call.times().note_overdue()) return;
    report(described(call, OverdueRequest::Limit::kTimeout, now_us), call, calls, now_us);
    call.note_silent();
  });
}

void OverdueRequests::warn_of_slow(CallTable& calls, std::uint64_t now_us) {
  calls.for_each_in_use([&](AppCall& call) {
    if (thread_of(call) == 0 || call.times().deadline_us() != 0) return;
    if (now_us < call.times().sign_of_life_us() + kSlowUs) return;
    if (!holds_a_thread(call) || !call.times().note_slow()) return;
    log_request(log::Level::kWarning,
                "a callback of the app has held its thread for 30 s, and without timeout and "
                "request_timeout nothing will end it",
                described(call, OverdueRequest::Limit::kTimeout, now_us),
                {{"thread", std::to_string(thread_of(call))}});
  });
}

void OverdueRequests::report(OverdueRequest request, AppCall& call, CallTable& calls,
                             std::uint64_t now_us) {
  const AppCall::Whereabouts whereabouts = call.whereabouts();
  const std::string_view no_trace = why_without_thread(whereabouts);
  if (whereabouts == AppCall::Whereabouts::kWaitsForThread) {
    return log_request(log::Level::kError,
                       "request_timeout: it has waited for a thread, the app has not had it",
                       request, {{"held_by", who_has_the_threads(calls)}, {"backtrace", no_trace}});
  }
  if (whereabouts != AppCall::Whereabouts::kOnThread) {
    return log_request(log::Level::kError, what_is_missing(request), request,
                       {{"backtrace", no_trace}});
  }
  call.times().note_overdue();
  const pid_t thread = thread_of(call);
  awaited_.push_back({.request = std::move(request),
                      .callback = {.call = &call,
                                   .token = call.facts().abi().token,
                                   .since_us = call.times().callback_since_us()},
                      .thread = thread,
                      .trace = ask_for_trace(thread),
                      .since_us = now_us});
}

bool OverdueRequests::Callback::still_runs() const {
  return call->facts().abi().token == token && call->times().callback_since_us() == since_us &&
         holds_a_thread(*call);
}

bool OverdueRequests::look(std::uint64_t now_us) {
  std::erase_if(awaited_, [&](Awaited& awaited) { return is_settled(awaited, now_us); });
  std::erase_if(interrupted_,
                [&](const Interrupted& interrupted) { return is_settled(interrupted, now_us); });
  return std::exchange(one_hangs_, false);
}

void OverdueRequests::note_hanging(const Callback& callback) {
  hanging_.push_back(callback);
  one_hangs_ = true;
}

bool OverdueRequests::is_settled(Awaited& awaited, std::uint64_t now_us) {
  ThreadTrace* const trace = awaited.trace;
  const bool is_traced = trace != nullptr && trace->is_there();
  if (trace != nullptr && !is_traced && now_us < awaited.since_us + kPatienceUs) return false;
  if (is_traced && awaited.traced_us == 0) awaited.traced_us = now_us;
  const bool hangs = awaited.callback.still_runs();
  if (hangs && now_us < awaited.callback.since_us + kPatienceUs) return false;
  // The signal may have interrupted what the callback waited for: its return is on the way then.
  if (hangs && is_traced && now_us < awaited.traced_us + kReturnUs) return false;
  std::string backtrace = "none: the callback has returned meanwhile";
  if (is_traced) {
    backtrace = describe(trace->trace());
  } else if (hangs) {
    backtrace = trace == nullptr ? "none: the thread cannot be asked"
                                 : "none: the thread does not take the signal";
  }
  const std::string app_stack = is_traced ? describe(trace->app_stack()) : std::string();
  // Without a trace it stays in use: a trace that comes later would show another moment.
  if (is_traced) trace->release();
  std::string message = what_is_missing(awaited.request);
  const bool is_interrupted = hangs && Interruption::is_known_to(app_);
  if (hangs) {
    message.append(" and does not return; ")
        .append(is_interrupted ? "it is being interrupted" : kWillBeReplaced);
  }
  // sleep() and poll() return early when a signal is handled.
  if (!hangs && is_traced) {
    message.append("; it has returned since, perhaps because the backtrace interrupted it");
  }
  const std::string tid = std::to_string(awaited.thread);
  const log::Field thread{"thread", tid};
  if (app_stack.empty()) {
    log_request(log::Level::kError, message, awaited.request, {thread, {"backtrace", backtrace}});
  } else {
    log_request(log::Level::kError, message, awaited.request,
                {thread, {"app_stack", app_stack}, {"backtrace", backtrace}});
  }
  if (!hangs) return true;
  if (!is_interrupted) {
    note_hanging(awaited.callback);
    return true;
  }
  void* const thread_state = awaited.callback.call->facts().abi().thread_state;
  interrupted_.push_back({.request = std::move(awaited.request),
                          .callback = awaited.callback,
                          .interruption = Interruption(app_, thread_state, awaited.callback.token),
                          .since_us = now_us});
  return true;
}

bool OverdueRequests::is_settled(const Interrupted& interrupted, std::uint64_t now_us) {
  if (!interrupted.callback.still_runs()) {
    log_request(log::Level::kWarning,
                "the callback has returned after it was interrupted; its thread serves again",
                interrupted.request, {});
    return true;
  }
  const bool is_impossible = interrupted.interruption.state() == Interruption::State::kImpossible;
  if (!is_impossible && now_us < interrupted.since_us + kInterruptUs) return false;
  const std::string message =
      std::string(is_impossible
                      ? "the app cannot interrupt the callback"
                      : "the callback has not returned within 5 s after it was interrupted") +
      "; " + kWillBeReplaced;
  log_request(log::Level::kError, message, interrupted.request, {});
  note_hanging(interrupted.callback);
  return true;
}

std::uint32_t OverdueRequests::threads_lost() {
  std::erase_if(hanging_, [](const Callback& callback) { return !callback.still_runs(); });
  return static_cast<std::uint32_t>(hanging_.size());
}

}  // namespace alicorn
