// Asks the app to free a thread from a request that is beyond its deadline (alicorn_app.interrupt).
// That may block, so a helper does it. Worker, I/O thread.
#pragma once

#include "workers/app/app_host.hpp"
#include "workers/app/disk_helpers.hpp"

#include <memory>
#include <utility>

namespace alicorn {

class Interruption {
 public:
  enum class State {
    kAsked,       ///< the app is being asked
    kExpected,    ///< the callback may be expected to return
    kImpossible,  ///< nothing can be done
  };

  static bool is_known_to(const AppHost& app) { return app.app().interrupt != nullptr; }
  /// Of the callback that runs on the thread with this state of the app's.
  Interruption(AppHost& app, void* thread_state, alicorn_token token)
      : job_(new Job(app, thread_state, token)) {
    if (!app.disk_helpers().submit(*job_)) job_->state = State::kImpossible;
  }
  Interruption(Interruption&&) = default;
  Interruption& operator=(Interruption&& other) noexcept {
    std::swap(job_, other.job_);
    return *this;
  }
  /// The app may hold the helper for ever. The job stays with it then, and is not freed.
  ~Interruption() {
    if (job_ != nullptr && job_->state == State::kAsked) job_.release()->is_abandoned = true;
  }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  State state() const { return job_->state; }

 private:
  /// Of no disk: neither do they wait for those that do, nor these for them.
  static constexpr dev_t kNoDevice = ~dev_t{0};

  struct Job final : DiskHelpers::Job {
    Job(AppHost& of, void* thread, alicorn_token request)
        : DiskHelpers::Job(kNoDevice), app(of), thread_state(thread), token(request) {}
    void run() noexcept override {
      result = app.app().interrupt(app.worker_state(), thread_state, token);
    }
    void on_done() noexcept override {
      state = result < 0 ? State::kImpossible : State::kExpected;
      if (is_abandoned) delete this;  // NOLINT(cppcoreguidelines-owning-memory)
    }

    AppHost& app;
    void* const thread_state;
    const alicorn_token token;
    std::int32_t result = ALICORN_OK;
    State state = State::kAsked;
    bool is_abandoned = false;
  };

  std::unique_ptr<Job> job_;
};

}  // namespace alicorn
