// Callbacks of the app that belong to no request: ready and drain. Worker. Asked for on the I/O
// thread, run on an app thread.
#pragma once

#include "workers/app/app_host.hpp"
#include "workers/app/forked_child.hpp"
#include "workers/loop/executor.hpp"

#include <functional>
#include <utility>

namespace alicorn {

class ReadyCheck final : public AppTask {
 public:
  enum class Verdict { kUnknown, kReady, kNotReady };

  explicit ReadyCheck(
      AppHost& app, std::function<void()> when_ready = [] {})
      : app_(app), when_ready_(std::move(when_ready)) {}
  void ask(AppExecutor& executor) {
    pending_ = true;
    executor.submit(*this);
  }
  bool pending() const { return pending_; }
  Verdict verdict() const { return verdict_; }

 private:
  void run(AppThread&) noexcept override {
    answer_ = app_.app().ready(app_.worker_state());
    if (is_forked_child()) end_forked_child();
  }
  void on_returned(Return /*how*/) noexcept override {
    pending_ = false;
    verdict_ = answer_ < 0 ? Verdict::kNotReady : Verdict::kReady;
    if (verdict_ == Verdict::kReady) when_ready_();
  }

  AppHost& app_;
  const std::function<void()> when_ready_;
  std::int32_t answer_ = 0;
  bool pending_ = false;
  Verdict verdict_ = Verdict::kUnknown;
};

class DrainNotice final : public AppTask {
 public:
  explicit DrainNotice(AppHost& app) : app_(app) {}
  void give(AppExecutor& executor) {
    pending_ = true;
    executor.submit(*this);
  }
  bool pending() const { return pending_; }

 private:
  void run(AppThread&) noexcept override {
    app_.app().drain(app_.worker_state());
    if (is_forked_child()) end_forked_child();
  }
  void on_returned(Return /*how*/) noexcept override { pending_ = false; }

  AppHost& app_;
  bool pending_ = false;
};

}  // namespace alicorn
