// The test host: loads an app's table, runs its callbacks one at a time, and enforces the rules.
// Part of alicorn/testing.hpp; the test's process.
#pragma once

#include "alicorn/testing/call.hpp"
#include "alicorn/testing/data.hpp"

#include <condition_variable>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace alicorn {
inline namespace app_v1 {

/// Only one at a time per process, because an app may keep the host's table in a global. Its
/// lifecycle is that of a worker: the constructor loads and starts the app (check start_error()),
/// the destructor drains and stops it.
class TestHost {
 public:
  using Entry = const alicorn_app* (*)(const alicorn_host*);

  /// `entry`: alicorn_app_entry if the app is linked into the test, or what TestLibrary found.
  explicit TestHost(Entry entry, TestOptions options = {});
  ~TestHost();
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  /// "" or why a worker with this app would not start. In that case every answer is a mistake.
  const std::string& start_error() const { return start_error_; }
  const alicorn_app& app() const { return app_; }
  const alicorn_host* table() const { return &table_.host; }

  /// Runs one request from its head to the last of its callbacks.
  TestAnswer run(const TestRequest& request) { return wait(start(request)); }

  /// Calls on_request and returns. A deferred request continues, and wait() runs its callbacks.
  alicorn_token start(const TestRequest& request);
  /// Runs callbacks (of this and of every other request) until the app has finished this request.
  /// At most once per start().
  TestAnswer wait(alicorn_token token);
  /// Does what a client that leaves, a deadline or a stop does: ALICORN_CANCEL_...
  void cancel(alicorn_token token, std::int32_t reason);

  bool is_ready();  ///< asks the app
  /// Drains the app as when a worker stops; at most once. Requests may still be started, because in
  /// a worker they may still arrive.
  void drain();
  bool recycle_requested() const;
  std::vector<TestLogLine> log_lines() const;
  /// Calls from the wrong thread or with a wrong pointer, which belong to no request. wait() moves
  /// them into its answer.
  std::vector<std::string> stray_mistakes() const;

 private:
  using Call = detail::TestCallState;
  using Lock = std::unique_lock<std::mutex>;
  /// Zeros after the table, so that a member which an app reads although this host is too old for
  /// it is NULL.
  struct Table {
    alicorn_host host;
    void* newer[16];
  };

  void fill_table();
  void fill_request_calls();
  void fill_any_thread_calls();
  std::string start_app(Entry entry);
  std::string start_worker();
  bool run_one_callback(Lock& lock);
  bool run_callback_of(Call& call, Lock& lock);
  void run_in_callback(Call& call, Lock& lock, const char* name,
                       const std::function<std::int32_t(alicorn_request*)>& callback,
                       bool with_request = true);
  void clean_up(Call& call);
  bool is_over(const Call& call) const;
  std::int32_t complete(alicorn_token token, std::int32_t status, const alicorn_field* headers,
                        std::uint32_t count, const alicorn_buffer* body);
  std::int32_t resume(alicorn_token token, alicorn_resume_function function, void* context);
  Call* find(alicorn_token token);
  void log(alicorn_token token, std::int32_t level, alicorn_string message,
           const alicorn_field* fields, std::uint32_t count);
  static TestHost* of(const alicorn_host* host, const char* name);
  template <class Function>
  static std::int32_t in_callback(const alicorn_request* request, const char* name,
                                  Function&& function);

  static inline TestHost* instance_ = nullptr;
  static inline thread_local Call* current_ = nullptr;

  Table table_{};
  TestOptions options_;
  alicorn_app app_{};
  alicorn_worker worker_{};
  std::string start_error_;
  void* app_state_ = nullptr;
  void* worker_state_ = nullptr;
  void* thread_state_ = nullptr;
  bool worker_started_ = false, thread_started_ = false, drained_ = false;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  alicorn_token last_token_ = 0;
  std::map<alicorn_token, std::unique_ptr<Call>> calls_;
  std::vector<TestLogLine> log_lines_;
  std::vector<std::string> stray_mistakes_;
  bool recycle_requested_ = false;
};

}  // namespace app_v1
}  // namespace alicorn
