#include "workers/worker.hpp"

#include "base/log.hpp"
#include "base/standard_streams.hpp"
#include "workers/app/forked_child.hpp"
#include "workers/app/request_keeper.hpp"
#include "workers/connection/admission.hpp"
#include "workers/connection/connection_set.hpp"
#include "workers/crash/crash_handler.hpp"
#include "workers/farewell.hpp"
#include "workers/heap.hpp"
#include "workers/log_reins.hpp"
#include "workers/loop/event_loop.hpp"
#include "workers/loop/worker_signals.hpp"
#include "workers/master_link.hpp"
#include "workers/net/acceptor_set.hpp"
#include "workers/random_seed.hpp"
#include "workers/station.hpp"
#include "workers/upkeep.hpp"
#include "workers/without_throwing.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <signal.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// How often deadlines are checked, and therefore how precise they are.
constexpr milliseconds kSweepInterval{200}, kDrainSweepInterval{20};

class Worker {
 public:
  explicit Worker(const WorkerContext& context);
  Result<void> boot(ExitCode& code);
  /// An exception that leaves this function is a bug of ours or of the app: a crash, with its
  /// report.
  ExitCode run() noexcept;

 private:
  Result<void> prepare_process();
  Result<void> start_app(ExitCode& code);
  Station::Hooks hooks();
  Result<void> open_to_clients();
  void open_mailbox();
  void on_signals();
  void on_master_gone();
  void on_deliveries();
  void on_sweep();
  void on_request_served(ConnectionContext::Served served);
  void become_ready();
  void begin_drain(const FarewellPlan& plan);
  void leave_when_drained(MonotonicTime time);
  void say_last_words(MonotonicTime time);
  void stop_now(milliseconds patience);
  void end_logs();

  ConnectionSet& connections() { return station_->connections(); }

  const WorkerContext context_;
  const WorkerSettings& settings_;
  WorkerSlot& slot_;
  const MasterLink master_{slot_, context_.wake_fd};
  LastWords last_words_;
  BlockPool blocks_;
  std::unique_ptr<AccessLog> access_log_;
  std::optional<ForwardedTrust> trust_;
  const std::unique_ptr<AppHost> own_app_;
  AppHost& app_;
  RequestKeeper request_keeper_{settings_.crash, app_.calls(), slot_.kept_request};
  UniqueFd signals_fd_;
  std::optional<Station> station_;
  std::optional<ReadableWatch> signals_, lifeline_;
  std::optional<Admission> admission_;
  std::optional<AcceptorSet> acceptors_;

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

/// Sets up what must exist before any code of the app runs.
Result<void> Worker::prepare_process() {
  context_.mail_room.keep_only(context_.slot);
  set_up_heap(settings_.threads);
  auto signals = take_signals();
  if (!signals) return tl::unexpected(signals.error());
  signals_fd_ = std::move(*signals);
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
  station_.emplace(Station::Parts{.settings = settings_,
                                  .app = app_,
                                  .access_log = *access_log_,
                                  .trust = *trust_,
                                  .scoreboard = slot_,
                                  .load = context_.loads.at(context_.slot),
                                  .blocks = blocks_,
                                  .last_words = &last_words_,
                                  .request_id_seed = random_seed()},
                   hooks());
  admission_.emplace(station_->context(), connections(),
                     Siblings(context_.loads, context_.slot, context_.seniority));
  if (auto started = station_->start(); !started) return started;
  set_trace_wake_fd(station_->executor().delivery_fd());
  return {};
}

Station::Hooks Worker::hooks() {
  return {
      .thread_started = [] { return prepare_this_thread_for_crashes(); },
      .leads = [](AppThread& thread) { note_leading_thread(thread.tid); },
      .load_changed = [this] { admission_->note_load(); },
      .delivered = [this] { on_deliveries(); },
      .sweep = [this] { on_sweep(); },
      .ask_for_recycling =
          [this](std::string_view reason) {
            master_.ask_for_recycling(reason, RecyclingWish::kCannotServe);
          },
      .connection_closed = [this] { acceptors_->resume(); },
      .request_served = [this](ConnectionContext::Served served) { on_request_served(served); }};
}

Result<void> Worker::open_to_clients() {
  last_words_.say_on_crash();
  if (!settings_.crash.directory.empty()) add_crash_step(request_keeper_.crash_step());
  app_.file().tell_in_crash(slot_.app_written_over);
  access_log_->write_on_crash();
  add_crash_step({.run = [](void*, const CrashRecord&) noexcept { log::wait_in_crash(); }});
  signals_.emplace(station_->loop(), [this] { on_signals(); });
  if (auto watched = signals_->watch(signals_fd_.get()); !watched) return watched;
  lifeline_.emplace(
      station_->loop(), [this] { on_master_gone(); }, ReadableWatch::Times::kOnce);
  if (auto watched = lifeline_->watch(context_.lifeline_fd); !watched) return watched;
  acceptors_.emplace(station_->loop(), context_.listeners, *admission_, slot_);
  return {};
}

void Worker::open_mailbox() {
  if (!settings_.hand_over) return;
  if (!context_.mail_room.has_box(context_.slot)) {
    log::info(
        "hand_over: there is no mailbox for this worker, so its requests wait for its own threads, "
        "and its idle connections close when it leaves; for more mailboxes, restart with more "
        "workers, or with a higher limit of open files");
    return;
  }
  std::vector<Address> served;
  for (const WorkerListener& listener : context_.listeners) served.push_back(listener.address);
  connections().open_mailbox({.loop = station_->loop(),
                              .room = context_.mail_room,
                              .loads = context_.loads,
                              .slot = context_.slot,
                              .generation = context_.seniority},
                             std::move(served));
}

ExitCode Worker::run() noexcept {
  station_->refresh_date();
  on_sweep();
  station_->run([this] {
    log::warning("leaving although a thread does not return from the app: without its worker_exit");
    end_logs();
    ::_exit(static_cast<int>(ExitCode::kOk));
  });
  master_.note_ending();
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
  station_->refresh_date();
  log_reins_.follow();
  connections().sweep(to_us(time));
  access_log_->sweep();
  become_ready();
  upkeep_.sweep(station_->context(), connections(), time);
  admission_->look_at_load();
  if (farewell_.accepts(time)) {
    acceptors_->look_at_places();
  } else {
    acceptors_->stop();
    leave_when_drained(time);
  }
  // A replacement or an operator is waiting for this worker to leave.
  station_->set_sweep(time + (farewell_.has_begun() ? kDrainSweepInterval : kSweepInterval));
}

void Worker::become_ready() {
  if (!master_.is_starting()) return;
  if (station_->ask_ready([this] { become_ready(); }) != Station::Ready::kYes) return;
  admission_->begin_to_serve();
  open_mailbox();
  upkeep_.note_ready();
  master_.say_ready();
  acceptors_->look_at_places();
}

void Worker::on_signals() {
  char number = 0;
  while (::read(signals_fd_.get(), &number, 1) == 1) {
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

void Worker::on_master_gone() {
  log::critical("the master is gone: leaving");
  stop_now(kMasterGonePatience);
}

void Worker::on_deliveries() {
  connections().look_at_overdue(to_us(now()));
  acceptors_->look_again(Acceptor::Occasion::kReturn);
}

void Worker::on_request_served(ConnectionContext::Served served) {
  slot_.requests.store(slot_.requests.load(std::memory_order_relaxed) + 1,
                       std::memory_order_relaxed);
  if (served == ConnectionContext::Served::kByApp) upkeep_.note_request();
}

/// A second call may only shorten the drain.
void Worker::begin_drain(const FarewellPlan& plan) {
  const MonotonicTime time = now();
  ConnectionContext& context = station_->context();
  const bool first = farewell_.begin(plan, time);
  if (farewell_.step() != Farewell::Step::kFinishes) return;
  admission_->begin_to_leave();
  acceptors_->leave_to_others();
  const bool is_replaced = acceptors_->are_left_to_others();
  if (acceptors_->have_stopped()) farewell_.note_nobody_comes(time);
  context.idle_grace = is_replaced ? upkeep_.idle_grace(plan.idle) : plan.idle;
  station_->set_sweep(std::min(station_->next_sweep(), farewell_.accept_until()));
  master_.note_draining();
  context.draining = true;
  using Replaced = ConnectionSet::Replaced;
  connections().begin_to_leave(is_replaced ? Replaced::kYes : Replaced::kNo, time);
  if (!first) return;
  app_.calls().for_each_in_use([](AppCall& call) { call.cancel(ALICORN_CANCEL_DRAIN); });
  station_->give_drain_notice();
  acceptors_->look_again();
}

void Worker::leave_when_drained(MonotonicTime time) {
  const bool has_clients = connections().size() != 0;
  if (!has_clients && app_.calls().in_use() == 0 && !station_->has_callback()) {
    return station_->executor().stop(farewell_.patience_with_threads());
  }
  const bool overdue = farewell_.is_overdue(time);
  if (farewell_.step() == Farewell::Step::kFinishes && overdue) return say_last_words(time);
  // The app may keep its threads for ever: nobody waits for their results any longer.
  if (farewell_.step() == Farewell::Step::kLastWords && (overdue || !has_clients)) {
    stop_now(farewell_.patience_with_threads());
  }
}

/// Clients that have sent a request and have no answer yet get a 503 instead of being cut off.
void Worker::say_last_words(MonotonicTime time) {
  farewell_.begin_last_words(time);
  log::warning(std::string(farewell_.limit()) + ": leaving with work unfinished",
               {{"connections", std::to_string(connections().size())},
                {"requests", std::to_string(app_.calls().in_use())}});
  station_->context().leaving = true;
  connections().expire_all();
}

void Worker::stop_now(milliseconds patience) {
  farewell_.leave();
  acceptors_->stop();
  connections().cut_all();
  station_->executor().stop(patience);
}

}  // namespace

ExitCode run_worker(const WorkerContext& context) {
  // On the heap and never destroyed: a thread that is stuck in the app may still look at it. The
  // process leaves by _exit.
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
