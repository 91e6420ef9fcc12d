// TestHost: the app's lifecycle, and which callback is next. Part of alicorn/testing.hpp; the
// test's process.
#pragma once

#include "alicorn/testing/host.hpp"

#include <filesystem>
#include <iterator>
#include <system_error>

namespace alicorn {
inline namespace app_v1 {
namespace detail {

/// Of this process; 0 where /proc is not mounted.
inline std::size_t thread_count() {
  std::error_code error;
  const std::filesystem::directory_iterator threads("/proc/self/task", error);
  return static_cast<std::size_t>(std::distance(begin(threads), end(threads)));
}

}  // namespace detail

inline TestHost::TestHost(Entry entry, TestOptions options) : options_(std::move(options)) {
  if (std::exchange(instance_, this) != nullptr) {
    throw std::logic_error("a second TestHost: one at a time per process");
  }
  fill_table();
  start_error_ = start_app(entry);
}

inline TestHost::~TestHost() {
  drain();
  {
    Lock lock(mutex_);
    while (run_one_callback(lock)) continue;
  }
  if (thread_started_ && app_.thread_exit != nullptr)
    app_.thread_exit(worker_state_, thread_state_);
  if (worker_started_ && app_.worker_exit != nullptr) app_.worker_exit(worker_state_);
  instance_ = nullptr;
}

/// Returns "" or why the server would refuse the app.
inline std::string TestHost::start_app(Entry entry) {
  const std::size_t threads_before = detail::thread_count();
  const alicorn_app* given = entry(&table_.host);
  if (given == nullptr) return "the entry point returned NULL";
  constexpr std::size_t kSizeMin = offsetof(alicorn_app, on_request) + sizeof(void*);
  if (given->struct_size < kSizeMin || given->struct_size > 4096) {
    return "the table has an impossible struct_size, " + std::to_string(given->struct_size);
  }
  std::memcpy(&app_, given, std::min<std::size_t>(given->struct_size, sizeof(app_)));
  if (app_.abi_major != ALICORN_ABI_MAJOR || app_.abi_minor > options_.host_minor)
    return "the table is for another ABI";
  constexpr std::uint32_t kFlags =
      ALICORN_APP_THREAD_SAFE | ALICORN_APP_PRELOAD_SAFE | ALICORN_APP_STREAM_BODY;
  if ((app_.flags & ~kFlags) != 0) return "the table has unknown flags";
  if (app_.run_model != ALICORN_RUN_POOL && app_.run_model != ALICORN_RUN_LOOP)
    return "the run model is unknown";
  if (app_.reserved != 0) return "a reserved member is set";
  if (app_.on_request == nullptr) return "on_request is missing";
  if (options_.threads > 1 && (app_.flags & ALICORN_APP_THREAD_SAFE) == 0) {
    return "more than one thread, and the app is not ALICORN_APP_THREAD_SAFE";
  }

  const bool preload_safe = (app_.flags & ALICORN_APP_PRELOAD_SAFE) != 0;
  if (options_.preload && !preload_safe)
    return "preload, and the app is not ALICORN_APP_PRELOAD_SAFE";
  if (app_.preload != nullptr) {
    if (const auto result = app_.preload(&table_.host, &app_state_); result < 0) {
      return "preload returned " + std::to_string(result);
    }
  }
  if (options_.preload && detail::thread_count() > threads_before)
    return "preload, and the app has started a thread before worker_init";
  return start_worker();
}

inline std::string TestHost::start_worker() {
  worker_ = {sizeof(worker_), options_.slot, options_.generation, options_.threads};
  // If worker_init sets no state, the previous one stays.
  worker_state_ = app_state_;
  if (app_.worker_init != nullptr) {
    const auto result = app_.worker_init(&table_.host, &worker_, app_state_, &worker_state_);
    if (result < 0) return "worker_init returned " + std::to_string(result);
  }
  worker_started_ = true;
  thread_state_ = worker_state_;
  if (app_.thread_init != nullptr) {
    if (const auto result = app_.thread_init(worker_state_, 0, &thread_state_); result < 0) {
      return "thread_init returned " + std::to_string(result);
    }
  }
  thread_started_ = true;
  return {};
}

inline bool TestHost::is_ready() {
  return start_error_.empty() && (app_.ready == nullptr || app_.ready(worker_state_) >= 0);
}

inline void TestHost::drain() {
  if (!worker_started_ || std::exchange(drained_, true)) return;
  std::vector<alicorn_token> open;
  {
    const Lock lock(mutex_);
    for (const auto& [token, call] : calls_) open.push_back(token);
  }
  for (const alicorn_token token : open) cancel(token, ALICORN_CANCEL_DRAIN);
  if (app_.drain != nullptr) app_.drain(worker_state_);
}

inline alicorn_token TestHost::start(const TestRequest& request) {
  Lock lock(mutex_);
  const alicorn_token token = ++last_token_;
  auto& call = calls_[token];
  call = std::make_unique<Call>(request, app_);
  if (options_.host_minor == 0) {
    call->memory->view.struct_size = offsetof(alicorn_request, connection);
  }
  if (drained_) call->cancelled = ALICORN_CANCEL_DRAIN;
  call->memory->view.host = &table_.host;
  call->memory->view.token = token;
  call->memory->view.worker_state = worker_state_;
  call->memory->view.thread_state = thread_state_;
  if (!start_error_.empty()) {
    call->fail("the app did not start: " + start_error_);
    call->is_finished = true;
    call->request_pending = false;
    return token;
  }
  run_callback_of(*call, lock);
  return token;
}

inline TestAnswer TestHost::wait(alicorn_token token) {
  Lock lock(mutex_);
  const auto found = calls_.find(token);
  if (found == calls_.end())
    throw std::logic_error("wait(): no such request, or waited for before");
  Call& call = *found->second;
  const auto deadline = std::chrono::steady_clock::now() + options_.patience;
  while (!is_over(call)) {
    if (run_one_callback(lock)) continue;
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) {
      call.fail("deferred, and not finished within " + std::to_string(options_.patience.count()) +
                " ms");
      break;
    }
  }
  call.send_pending();
  TestAnswer answer = std::move(call.answer);
  answer.is_whole = call.stage == Call::Stage::kWhole && !call.is_gone();
  if (call.stage == Call::Stage::kFailed && answer.status == 0) answer.status = 500;
  for (std::string& mistake : std::exchange(stray_mistakes_, {}))
    answer.mistakes.push_back(std::move(mistake));
  // A call that the app never finished keeps its memory: the app may still look at it.
  if (is_over(call)) calls_.erase(found);
  return answer;
}

inline void TestHost::cancel(alicorn_token token, std::int32_t reason) {
  const Lock lock(mutex_);
  Call* call = find(token);
  if (call == nullptr || call->is_finished || call->is_gone() || call->cancelled == reason) return;
  call->cancelled = reason;
  call->cancel_pending = call->on_event != nullptr;
  changed_.notify_all();
}

inline bool TestHost::is_over(const Call& call) const {
  const bool told = call.on_event == nullptr || call.finished_told;
  return call.is_finished && !call.in_callback && told && call.resumes.empty() &&
         call.after.empty();
}

inline bool TestHost::run_one_callback(Lock& lock) {
  for (auto& [token, call] : calls_) {
    if (run_callback_of(*call, lock)) return true;
  }
  return false;
}

/// Uses the server's order: resumes, events, FINISHED, and then what waits for the response to be
/// sent. The lock is released inside callbacks, so the call is examined anew each time.
inline bool TestHost::run_callback_of(Call& call, Lock& lock) {
  if (call.in_callback) return false;
  const auto tell = [&](std::int32_t event) {
    call.answer.events.push_back(event);
    run_in_callback(call, lock, "on_event", [&](alicorn_request* request) {
      return call.on_event(call.event_context, request, event);
    });
    return true;
  };
  if (std::exchange(call.request_pending, false)) {
    run_in_callback(call, lock, "on_request",
                    [&](alicorn_request* request) { return app_.on_request(request); });
    return true;
  }
  if (!call.resumes.empty()) {
    const auto resume = call.resumes.front();
    call.resumes.pop_front();
    const auto function = [&](alicorn_request* request) {
      return resume.function(resume.context, request);
    };
    run_in_callback(call, lock, "resume", function, !call.is_finished);
    return true;
  }
  const bool is_told = call.on_event != nullptr && !call.is_finished;
  if (std::exchange(call.cancel_pending, false) && is_told) return tell(ALICORN_EVENT_CANCELLED);
  if (call.readable_pending && is_told) {
    call.readable_pending = false;
    call.piece_is_there = true;
    return tell(ALICORN_EVENT_READABLE);
  }
  if (call.writable_pending && is_told) {
    call.writable_pending = false;
    call.unread = 0;
    return tell(ALICORN_EVENT_WRITABLE);
  }
  if (call.is_finished && call.on_event != nullptr && !std::exchange(call.finished_told, true)) {
    return tell(ALICORN_EVENT_FINISHED);
  }
  if (call.is_finished && !call.after.empty()) {
    clean_up(call);
    call.send_pending();
    const auto after = call.after.front();
    call.after.pop_front();
    lock.unlock();
    after.function(after.context);
    lock.lock();
    return true;
  }
  return false;
}

inline void TestHost::run_in_callback(Call& call, Lock& lock, const char* name,
                                      const std::function<std::int32_t(alicorn_request*)>& callback,
                                      bool with_request) {
  call.in_callback = true;
  alicorn_request* request = with_request ? &call.memory->view : nullptr;
  Call* const outer = std::exchange(current_, with_request ? &call : nullptr);
  lock.unlock();
  const std::int32_t result = callback(request);
  lock.lock();
  current_ = outer;
  call.in_callback = false;
  call.on_returned(name, result);
  clean_up(call);
}

/// Frees what the app may no longer look at, so that a sanitizer catches an app that does.
inline void TestHost::clean_up(Call& call) {
  if (call.is_finished && (call.on_event == nullptr || call.finished_told)) {
    call.piece.reset();
    call.memory.reset();
  }
}

}  // namespace app_v1
}  // namespace alicorn
