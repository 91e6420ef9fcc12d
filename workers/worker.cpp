#include "workers/worker.hpp"

#include "base/log.hpp"
#include "base/standard_streams.hpp"
#include "workers/app/app_callbacks.hpp"
#include "workers/app/forked_child.hpp"
#include "workers/app/request_keeper.hpp"
#include "workers/connection/admission.hpp"
#include "workers/connection/connection_set.hpp"
#include "workers/crash/crash_handler.hpp"
#include "workers/farewell.hpp"
#include "workers/heap.hpp"
#include "workers/log_reins.hpp"
#include "workers/loop/loop_turn.hpp"
#include "workers/loop/worker_signals.hpp"
#include "workers/master_link.hpp"
#include "workers/net/acceptor_set.hpp"
#include "workers/random_seed.hpp"
#include "workers/upkeep.hpp"
#include "workers/without_throwing.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace alicorn {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

/// Deadlines are looked at so often: none is kept more exactly.
constexpr milliseconds kSweepInterval{200}, kDrainSweepInterval{20};

class Worker {
 public:
  explicit Worker(const WorkerContext& context);
  Result<void> boot(ExitCode& code);
  /// What is thrown from here on is a bug, or the app's: a crash, with its report.
  ExitCode run() noexcept;

 private:
  Result<void> prepare_process();
  Result<void> start_app(ExitCode& code);
  Result<void> open_to_clients();
  Result<void> watch_descriptors();
  void on_signals();
  void on_deliveries();
  void on_sweep();
  void sweep_again();
  void on_request_served(ConnectionContext::Served served);
  void wait_for(Descriptor& descriptor, HandlerMemory& memory, void (Worker::*handler)());
  void become_ready();
  void begin_drain(const FarewellPlan& plan);
  void leave_when_drained(MonotonicTime time);
  void say_last_words(MonotonicTime time);
  void stop_now(milliseconds patience);
  void end_logs();

  const WorkerContext context_;
  const WorkerSettings& settings_;
  WorkerSlot& slot_;
  const MasterLink master_{slot_, context_.wake_fd};
  asio::io_context io_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>,
                             asio::io_context::executor_type>
      sweep_timer_{io_.get_executor()};
  Descriptor signals_{io_.get_executor()}, lifeline_{io_.get_executor()},
      deliveries_{io_.get_executor()};
  HandlerMemory sweep_memory_, signals_memory_, lifeline_memory_, deliveries_memory_;

  BlockPool blocks_;
  HttpDate date_;
  RequestIds ids_{random_seed()};
  LastWords last_words_;
  std::unique_ptr<AccessLog> access_log_;
  std::optional<ForwardedTrust> trust_;
  const std::unique_ptr<AppHost> own_app_;
  AppHost& app_;
  RequestKeeper request_keeper_{settings_.crash, app_.calls(), slot_.kept_request};
  std::optional<AppExecutor> executor_;
  std::optional<ConnectionContext> connection_context_;
  std::optional<ConnectionSet> connections_;
  std::optional<Admission> admission_;
  std::optional<AcceptorSet> acceptors_;
  std::optional<ReadyCheck> ready_check_;
  std::optional<DrainNotice> drain_notice_;

  LogReins log_reins_{slot_, app_};
  Farewell farewell_;
  Upkeep upkeep_{settings_, master_};
};

Worker::Worker(const WorkerContext& context)
    : context_(context),
      settings_(context.settings),
      slot_(context.board.worker()),
      last_words_(settings_.server_header),
      own_app_(context.preloaded != nullptr
                   ? nullptr
                   : std::make_unique<AppHost>(settings_, context.board.calls_max())),
      app_(own_app_ ? *own_app_ : *context.preloaded) {}

Result<void> Worker::boot(ExitCode& code) {
  code = ExitCode::kBootError;
  if (auto prepared = prepare_process(); !prepared) return prepared;
  if (auto started = start_app(code); !started) return started;
  if (auto opened = open_to_clients(); !opened) return opened;
  code = ExitCode::kOk;
  return {};
}

/// What must be there before anything of the app runs.
Result<void> Worker::prepare_process() {
  set_up_heap(settings_.threads);
  auto signals = take_signals();
  if (!signals) return tl::unexpected(signals.error());
  signals_.assign(signals->release());
  watch_for_forks();
  if (auto started = log::write_in_background(); !started) log::warning(started.error().text());
  if (settings_.capture_output) log::capture_output();
  auto access_log = AccessLog::open(
      settings_.access_log, settings_.statsd,
      {.file = LingeringFd(context_.access_log_fd), .lost = &slot_.access_lines_dropped});
  if (!access_log) return tl::unexpected(access_log.error());
  access_log_ = std::move(*access_log);
  auto trust = ForwardedTrust::create(settings_);
  if (!trust) return tl::unexpected(trust.error());
  trust_ = std::move(*trust);
  return {};
}

Result<void> Worker::start_app(ExitCode& code) {
  app_.join_worker(context_.board.calls(), [this](std::string_view reason) {
    master_.ask_for_recycling(reason, RecyclingWish::kInPassing);
  });
  if (own_app_) {
    if (auto loaded = own_app_->load_and_preload(code); !loaded) return loaded;
  }
  if (auto ready = app_.init_worker(context_.slot, context_.generation); !ready) return ready;
  watch_for_exit();
  keep_signals();
  open_standard_streams();
  const auto model =
      app_.callbacks_may_block() ? AppExecutor::Model::kRelay : AppExecutor::Model::kInline;
  executor_.emplace(
      model, settings_.threads,
      AppExecutor::Hooks{.turn = loop_turn(io_),
                         .thread_started =
                             [this](AppThread& thread) {
                               const auto prepared = prepare_this_thread_for_crashes();
                               return prepared ? app_.init_thread(thread) : prepared;
                             },
                         .thread_ending = [this](AppThread& thread) { app_.exit_thread(thread); },
                         .leads = [](AppThread& thread) { note_leading_thread(thread.tid); },
                         .load_changed = [this] { admission_->note_load(); }});
  app_.set_executor(*executor_);
  set_trace_wake_fd(executor_->delivery_fd());
  return executor_->start();
}

Result<void> Worker::open_to_clients() {
  connection_context_.emplace(ConnectionContext{
      .io = io_,
      .settings = settings_,
      .app = app_,
      .trust = *trust_,
      .access_log = *access_log_,
      .scoreboard = slot_,
      .load = context_.loads.at(context_.slot),
      .blocks = blocks_,
      .date = date_,
      .ids = ids_,
      .ask_for_recycling =
          [this](std::string_view reason) {
            master_.ask_for_recycling(reason, RecyclingWish::kCannotServe);
          },
      .connection_closed = [this] { acceptors_->resume(); },
      .request_served = [this](ConnectionContext::Served served) { on_request_served(served); },
      .last_words = &last_words_});
  last_words_.say_on_crash();
  connections_.emplace(*connection_context_);
  if (!settings_.crash.directory.empty()) add_crash_step(request_keeper_.crash_step());
  app_.file().tell_in_crash(slot_.app_written_over);
  access_log_->write_on_crash();
  add_crash_step({.run = [](void*, const CrashRecord&) noexcept { log::wait_in_crash(); }});
  if (auto watching = watch_descriptors(); !watching) return watching;
  admission_.emplace(*connection_context_, *connections_,
                     Siblings(context_.loads, context_.slot, context_.generation));
  acceptors_.emplace(io_, context_.listeners, *admission_, slot_);
  return {};
}

Result<void> Worker::watch_descriptors() {
  lifeline_.assign(context_.lifeline_fd);  // like the next one open until the process ends
  deliveries_.assign(executor_->delivery_fd());
  wait_for(signals_, signals_memory_, &Worker::on_signals);
  wait_for(deliveries_, deliveries_memory_, &Worker::on_deliveries);
  lifeline_.async_wait(lifeline_.wait_read,
                       in_place(lifeline_memory_, [this](const boost::system::error_code& error) {
                         if (error) return;
                         log::critical("the master is gone: leaving");
                         stop_now(kMasterGonePatience);
                       }));
  return {};
}

void Worker::wait_for(Descriptor& descriptor, HandlerMemory& memory, void (Worker::*handler)()) {
  descriptor.async_wait(descriptor.wait_read,
                        in_place(memory, [this, &descriptor, &memory,
                                          handler](const boost::system::error_code& error) {
                          if (error) return;
                          (this->*handler)();
                          wait_for(descriptor, memory, handler);
                        }));
}

ExitCode Worker::run() noexcept {
  date_.refresh(wall_clock_us() / 1'000'000);
  on_sweep();
  executor_->run([this] {
    log::warning("leaving although a thread does not return from the app: without its worker_exit");
    end_logs();
    ::_exit(static_cast<int>(ExitCode::kOk));
  });
  app_.exit_worker();
  end_logs();
  return ExitCode::kOk;
}

void Worker::end_logs() {
  access_log_.reset();  // writes what is left
  log::flush();
  log_reins_.tell_losses();
}

void Worker::on_sweep() {
  const MonotonicTime time = now();
  slot_.heartbeat_us.store(to_us(time), std::memory_order_relaxed);
  date_.refresh(wall_clock_us() / 1'000'000);
  log_reins_.follow();
  connections_->sweep(to_us(time));
  access_log_->sweep();
  become_ready();
  upkeep_.sweep(*connection_context_, *connections_, time);
  admission_->look_at_load();
  if (farewell_.accepts(time)) {
    acceptors_->look_again();
  } else {
    acceptors_->stop();
    leave_when_drained(time);
  }
  // Somebody waits for a worker that leaves: its replacement, or an operator.
  sweep_timer_.expires_at(time + (farewell_.has_begun() ? kDrainSweepInterval : kSweepInterval));
  sweep_again();
}

void Worker::sweep_again() {
  sweep_timer_.async_wait(in_place(sweep_memory_, [this](const boost::system::error_code& error) {
    if (!error) on_sweep();
  }));
}

/// Asks the app, if it wants to be asked, until it is.
void Worker::become_ready() {
  if (!master_.is_starting()) return;
  if (app_.app().ready != nullptr) {
    if (!ready_check_) ready_check_.emplace(app_, [this] { become_ready(); });
    if (ready_check_->verdict() != ReadyCheck::Verdict::kReady) {
      if (!ready_check_->pending()) ready_check_->ask(*executor_);
      return;
    }
  }
  admission_->begin_to_serve();
  upkeep_.note_ready();
  master_.say_ready();
  acceptors_->resume();
}

void Worker::on_signals() {
  char number = 0;
  while (::read(signals_.native_handle(), &number, 1) == 1) {
    switch (number) {
      case SIGTERM:
        begin_drain(graceful_farewell(settings_.deadlines.graceful));
        break;
      case SIGINT:
      case SIGQUIT:
        begin_drain(kQuickFarewell);
        break;
      case SIGUSR1:
        if (auto reopened = access_log_->reopen(); !reopened) log::error(reopened.error().text());
        log::reopen_in_background();
        break;
      default:
        break;
    }
  }
}

void Worker::on_deliveries() {
  executor_->drain_deliveries();
  connections_->look_at_overdue(to_us(now()));
  acceptors_->look_again(Acceptor::Occasion::kReturn);
}

void Worker::on_request_served(ConnectionContext::Served served) {
  slot_.requests.store(slot_.requests.load(std::memory_order_relaxed) + 1,
                       std::memory_order_relaxed);
  if (served == ConnectionContext::Served::kByApp) upkeep_.note_request();
}

/// A second one may only hurry the first.
void Worker::begin_drain(const FarewellPlan& plan) {
  const MonotonicTime time = now();
  const bool first = farewell_.begin(plan, time);
  if (farewell_.step() != Farewell::Step::kFinishes) return;
  admission_->begin_to_leave();
  acceptors_->leave_to_others();
  const bool is_replaced = acceptors_->have_stopped();
  if (is_replaced) farewell_.note_nobody_comes(time);
  connection_context_->idle_grace = is_replaced ? upkeep_.idle_grace(plan.idle) : plan.idle;
  sweep_timer_.expires_at(std::min(sweep_timer_.expiry(), farewell_.accept_until()));
  sweep_again();
  master_.note_draining();
  connection_context_->draining = true;
  connections_->drain(to_us(time));
  if (!first) return;
  app_.calls().for_each_in_use([](AppCall& call) { call.cancel(ALICORN_CANCEL_DRAIN); });
  if (app_.app().drain != nullptr) drain_notice_.emplace(app_).give(*executor_);
  acceptors_->look_again();
}

void Worker::leave_when_drained(MonotonicTime time) {
  const bool has_clients = connections_->size() != 0;
  const bool has_callback =
      (drain_notice_ && drain_notice_->pending()) || (ready_check_ && ready_check_->pending());
  if (!has_clients && app_.calls().in_use() == 0 && !has_callback) {
    return executor_->stop(farewell_.patience_with_threads());
  }
  const bool overdue = farewell_.is_overdue(time);
  if (farewell_.step() == Farewell::Step::kFinishes && overdue) return say_last_words(time);
  // The app may keep its threads for ever: nobody waits for what they bring any more.
  if (farewell_.step() == Farewell::Step::kLastWords && (overdue || !has_clients)) {
    stop_now(farewell_.patience_with_threads());
  }
}

/// Who has asked and has no answer yet is told so, rather than cut off.
void Worker::say_last_words(MonotonicTime time) {
  farewell_.begin_last_words(time);
  log::warning(std::string(farewell_.limit()) + ": leaving with work unfinished",
               {{"connections", std::to_string(connections_->size())},
                {"requests", std::to_string(app_.calls().in_use())}});
  connection_context_->leaving = true;
  connections_->expire_all();
}

void Worker::stop_now(milliseconds patience) {
  farewell_.leave();
  acceptors_->stop();
  connections_->cut_all();
  executor_->stop(patience);
}

}  // namespace

ExitCode run_worker(const WorkerContext& context) {
  // Not on the stack and never destroyed: a thread that is stuck in the app may still look at it.
  // The process leaves by _exit.
  Worker* worker = nullptr;
  ExitCode code = ExitCode::kBootError;
  open_standard_streams();  // the app's preload may have closed them
  const auto booted = without_throwing("boot", [&] {
    worker = new Worker(context);  // NOLINT(cppcoreguidelines-owning-memory)
    const auto here = reinterpret_cast<void (*)()>(&run_worker);
    if (const auto installed = install_crash_handler(context.board.crash(), here); !installed) {
      log::warning("a crash will not be reported: " + installed.error().text());
    }
    return worker->boot(code);
  });
  if (booted) return worker->run();
  context.board.set_boot_error(booted.error().text());
  return code;
}

}  // namespace alicorn
