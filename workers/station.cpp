#include "workers/station.hpp"

#include "workers/loop/worker_signals.hpp"

#include <utility>

namespace alicorn {

Station::Station(const Parts& parts, Hooks hooks)
    : app_(parts.app),
      hooks_(std::move(hooks)),
      own_fields_(parts.settings.server_header),
      ids_(parts.request_id_seed),
      executor_(parts.app.callbacks_may_block() ? AppExecutor::Model::kRelay
                                                : AppExecutor::Model::kInline,
                parts.settings.threads, executor_hooks(parts.access_log.enabled())),
      deliveries_(loop_,
                  [this] {
                    executor_.drain_deliveries();
                    hooks_.delivered();
                  }),
      sweep_timer_(loop_, hooks_.sweep),
      context_{.loop = loop_,
               .settings = parts.settings,
               .app = parts.app,
               .trust = parts.trust,
               .access_log = parts.access_log,
               .scoreboard = parts.scoreboard,
               .load = parts.load,
               .blocks = parts.blocks,
               .own_fields = own_fields_,
               .ids = ids_,
               .ask_for_recycling = hooks_.ask_for_recycling,
               .connection_closed = hooks_.connection_closed,
               .request_served = hooks_.request_served,
               .overdue = OverdueRequests(parts.app),
               .last_words = parts.last_words},
      connections_(context_) {
  app_.set_executor(executor_);
}

/// A log tells how long requests have waited for a thread.
AppExecutor::Hooks Station::executor_hooks(bool is_logged) {
  return {.turn = loop_.turns(),
          .thread_started =
              [this](AppThread& thread) {
                auto prepared = hooks_.thread_started();
                if (prepared && thread.kind == AppThread::Kind::kApp) {
                  prepared = app_.init_thread(thread);
                  set_app_tracer_of_this_thread(
                      {app_.app().trace, app_.worker_state(), thread.app_state});
                }
                unblock_signals();  // the app may have blocked them
                return prepared;
              },
          .thread_ending =
              [this](AppThread& thread) {
                if (thread.kind == AppThread::Kind::kApp) app_.exit_thread(thread);
              },
          .leads = hooks_.leads,
          .time = [this, is_logged] { return is_logged ? now() : loop_.recent_time(); },
          .load_changed =
              [this] {
                hooks_.load_changed();
                if (QueueSharing* sharing = connections_.queue_sharing())
                  sharing->on_load_changed();
              },
          .calls_wait =
              [this] {
                if (QueueSharing* sharing = connections_.queue_sharing()) sharing->on_calls_wait();
              }};
}

Result<void> Station::start() {
  if (auto opened = loop_.open(); !opened) return opened;
  set_app_tracer_of_other_threads({app_.app().trace, app_.worker_state(), nullptr});
  if (auto started = executor_.start(); !started) return started;
  return deliveries_.watch(executor_.delivery_fd());
}

Station::Ready Station::ask_ready(const std::function<void()>& when_ready) {
  using Verdict = ReadyCheck::Verdict;
  if (app_.app().ready == nullptr) return Ready::kYes;
  if (!ready_check_) ready_check_.emplace(app_, when_ready);
  const Verdict verdict = ready_check_->verdict();
  if (verdict == Verdict::kReady) return Ready::kYes;
  if (!ready_check_->pending()) ready_check_->ask(executor_);
  return verdict == Verdict::kNotReady ? Ready::kRefused : Ready::kNotYet;
}

void Station::give_drain_notice() {
  if (app_.app().drain == nullptr || drain_notice_) return;
  drain_notice_.emplace(app_).give(executor_);
}

bool Station::has_callback() const {
  return (drain_notice_ && drain_notice_->pending()) || (ready_check_ && ready_check_->pending());
}

}  // namespace alicorn
