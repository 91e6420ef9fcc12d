#include "workers/replay/replay.hpp"

#include "base/log.hpp"
#include "workers/app/app_callbacks.hpp"
#include "workers/connection/connection_set.hpp"
#include "workers/loop/loop_turn.hpp"
#include "workers/replay/recorded_requests.hpp"
#include "workers/replay/replay_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {
namespace {

namespace asio = boost::asio;

constexpr milliseconds kSweepInterval{20};
/// For a thread of the app's that does not end. Long: it may stand at a breakpoint.
constexpr milliseconds kThreadPatience{3'600'000};

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

class Replay {
 public:
  Replay(const WorkerSettings& settings, std::string_view bytes, RecordedRequests recording,
         WorkerBoard& board, AccessLog& access_log, const ForwardedTrust& trust, int output_fd);
  Result<void> boot(ExitCode& code);
  Result<void> start();
  ExitCode run();

 private:
  AppExecutor::Hooks hooks();
  void wait_for_deliveries();
  void on_sweep();
  void become_ready();
  Result<void> connect();
  void connect_or_stop();
  /// Not at once: the end of the connection that has ended is still on the stack.
  void look_soon() {
    asio::post(io_, [this] { reconnect_if_due(); });
  }
  bool reconnect_if_due();
  void leave_when_over();
  ExitCode judge() const;

  const WorkerSettings& settings_;
  const RecordedRequests recording_;
  WorkerBoard& board_;
  WorkerLoad load_;

  // Before the loop, which gives them back their memory at its end.
  HandlerMemory deliveries_memory_, sweep_memory_;
  asio::io_context io_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> deliveries_{
      io_.get_executor()};
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>,
                             asio::io_context::executor_type>
      sweep_timer_{io_.get_executor()};

  BlockPool blocks_;
  HttpDate date_;
  RequestIds ids_{to_us(now())};
  AppHost app_;
  ConnectionContext context_;
  std::optional<AppExecutor> executor_;
  std::optional<ConnectionSet> connections_;
  ReplayClient client_;
  std::optional<ReadyCheck> ready_check_;
  std::optional<DrainNotice> drain_notice_;
  bool connected_ = false, told_to_wait_ = false;
};

Replay::Replay(const WorkerSettings& settings, std::string_view bytes, RecordedRequests recording,
               WorkerBoard& board, AccessLog& access_log, const ForwardedTrust& trust,
               int output_fd)
    : settings_(settings),
      recording_(std::move(recording)),
      board_(board),
      app_(settings, board.calls_max()),
      context_{.io = io_,
               .settings = settings,
               .app = app_,
               .trust = trust,
               .access_log = access_log,
               .scoreboard = board.worker(),
               .load = load_,
               .blocks = blocks_,
               .date = date_,
               .ids = ids_,
               .ask_for_recycling = [](std::string_view) {},
               .connection_closed = [this] { look_soon(); },
               .request_served = [](ConnectionContext::Served) {}},
      client_(io_, bytes, recording_, output_fd, [this] { look_soon(); }) {}

Result<void> Replay::boot(ExitCode& code) {
  code = ExitCode::kAppLoadError;
  app_.join_worker(board_.calls(), [](std::string_view reason) {
    log::info("the app asks for another worker; there is none", {{"reason", reason}});
  });
  if (auto loaded = app_.load(); !loaded) return loaded;
  code = ExitCode::kBootError;
  if (auto preloaded = app_.preload(); !preloaded) return preloaded;
  if (auto ready = app_.init_worker(0, 1); !ready) return ready;
  executor_.emplace(
      app_.callbacks_may_block() ? AppExecutor::Model::kRelay : AppExecutor::Model::kInline,
      settings_.threads, hooks());
  app_.set_executor(*executor_);
  if (auto started = executor_->start(); !started) return started;
  connections_.emplace(context_);
  deliveries_.assign(::fcntl(executor_->delivery_fd(), F_DUPFD_CLOEXEC, 0));
  wait_for_deliveries();
  code = ExitCode::kOk;
  return {};
}

AppExecutor::Hooks Replay::hooks() {
  return {.turn = loop_turn(io_),
          .thread_started = [this](AppThread& thread) { return app_.init_thread(thread); },
          .thread_ending = [this](AppThread& thread) { app_.exit_thread(thread); }};
}

void Replay::wait_for_deliveries() {
  deliveries_.async_wait(
      deliveries_.wait_read,
      in_place(deliveries_memory_, [this](const boost::system::error_code& error) {
        if (error) return;
        executor_->drain_deliveries();
        wait_for_deliveries();
      }));
}

ExitCode Replay::run() {
  on_sweep();
  executor_->run([] {
    log::warning("leaving although a thread does not return from the app");
    ::_exit(static_cast<int>(ExitCode::kCannotStart));
  });
  app_.exit_worker();
  return judge();
}

void Replay::on_sweep() {
  date_.refresh(wall_clock_us() / 1'000'000);
  connections_->sweep(to_us(now()));
  if (!connected_) {
    become_ready();
  } else if (client_.ended() && !reconnect_if_due()) {
    leave_when_over();
  }
  sweep_timer_.expires_after(kSweepInterval);
  sweep_timer_.async_wait(in_place(sweep_memory_, [this](const boost::system::error_code& error) {
    if (!error) on_sweep();
  }));
}

/// A worker is given clients only when its app says that it is ready.
void Replay::become_ready() {
  if (app_.app().ready != nullptr) {
    if (!ready_check_) ready_check_.emplace(app_);
    if (ready_check_->verdict() != ReadyCheck::Verdict::kReady) {
      if (ready_check_->verdict() == ReadyCheck::Verdict::kNotReady &&
          !std::exchange(told_to_wait_, true)) {
        log::info("waiting for the app to be ready");
      }
      if (!ready_check_->pending()) ready_check_->ask(*executor_);
      return;
    }
  }
  connected_ = true;
  connect_or_stop();
}

void Replay::connect_or_stop() {
  if (auto connected = connect(); !connected) {
    log::critical(connected.error().text());
    executor_->stop(kThreadPatience);
  }
}

/// One connection at a time, as the requests of one have come.
bool Replay::reconnect_if_due() {
  if (!client_.wants_another() || connections_->size() != 0) return false;
  connect_or_stop();
  return true;
}

/// A peer on a unix socket is trusted: what a proxy had said about the client is believed again.
Result<void> Replay::connect() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0) {
    return fail_errno("socketpair");
  }
  UniqueFd server_end(fds[0]);
  UniqueFd client_end(fds[1]);
  sockaddr_storage unnamed{};
  unnamed.ss_family = AF_UNIX;
  const Address address = Address::from_sockaddr(unnamed, sizeof(sa_family_t));
  connections_->start(server_end.release(), address, address);
  client_.start(std::move(client_end));
  return {};
}

void Replay::leave_when_over() {
  if (connections_->size() != 0) return;
  if (app_.calls().in_use() != 0) {
    if (!std::exchange(told_to_wait_, true)) {
      log::info("the connection has ended; waiting for what the app still does for the request");
    }
    return;
  }
  if (app_.app().drain != nullptr) {
    if (!drain_notice_) drain_notice_.emplace(app_).give(*executor_);
    if (drain_notice_->pending()) return;
  }
  executor_->stop(kThreadPatience);
}

ExitCode Replay::judge() const {
  using End = RecordedRequests::End;
  const std::size_t wanted = recording_.methods.size();
  const std::size_t answered = client_.responses().complete();
  if (client_.output_failed()) {
    log::error("the response could not be written to standard output");
  } else if (recording_.end == End::kRefused) {
    log::error("the server refuses this: " + std::string(recording_.reason),
               {{"status", std::to_string(recording_.status)}});
  } else if (answered < wanted) {
    log::error("the connection ended before all responses were complete",
               {{"requests", std::to_string(wanted)}, {"responses", std::to_string(answered)}});
  } else if (recording_.end != End::kWhole) {
    log::error("the last request is not complete");
  } else {
    return ExitCode::kOk;
  }
  return ExitCode::kCannotStart;
}

}  // namespace

ExitCode replay(const WorkerSettings& settings, std::string_view bytes, int output_fd) {
  RecordedRequests recording = examine_recording(bytes, settings);
  log::info("replaying " + describe_recording(recording));
  if (!recording.masked.empty()) {
    log::warning("the values of some header fields were masked when the request was kept",
                 {{"fields", joined(recording.masked)}});
  }
  auto board = WorkerBoard::create(now());
  auto access_log = AccessLog::open(settings.access_log);
  auto trust = ForwardedTrust::create(settings);
  const auto fail_start = [](const Error& error, ExitCode code) {
    log::critical(error.text());
    return code;
  };
  if (!board) return fail_start(board.error(), ExitCode::kCannotStart);
  if (!access_log) return fail_start(access_log.error(), ExitCode::kCannotStart);
  if (!trust) return fail_start(trust.error(), ExitCode::kBadUsage);
  Replay replay(settings, bytes, std::move(recording), *board, **access_log, *trust, output_fd);
  ExitCode code = ExitCode::kOk;
  if (auto booted = replay.boot(code); !booted) return fail_start(booted.error(), code);
  return replay.run();
}

}  // namespace alicorn
