#include "workers/replay/replay.hpp"

#include "base/log.hpp"
#include "workers/replay/recorded_requests.hpp"
#include "workers/replay/replay_client.hpp"
#include "workers/station.hpp"

#include <optional>
#include <string>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr milliseconds kSweepInterval{20};
/// How long to wait for a thread of the app that does not end. Long, because it may be at a
/// breakpoint.
constexpr milliseconds kThreadPatience{3'600'000};

/// Runs a function on the I/O thread.
class Notice final : public Delivery {
 public:
  explicit Notice(std::function<void()> function) : function_(std::move(function)) {}
  void on_delivered() noexcept override { function_(); }

 private:
  const std::function<void()> function_;
};

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
  ExitCode run();

 private:
  void on_sweep();
  void become_ready();
  Result<void> connect();
  void connect_or_stop();
  bool reconnect_if_due();
  void leave_when_over();
  ExitCode judge() const;

  const WorkerSettings& settings_;
  const std::string_view bytes_;
  const RecordedRequests recording_;
  WorkerBoard& board_;
  AccessLog& access_log_;
  const ForwardedTrust& trust_;
  const int output_fd_;
  WorkerLoad load_;
  BlockPool blocks_;
  AppHost app_;
  enum class Conversation { kNotYet, kGoesOn, kEnded };

  std::optional<Station> station_;
  std::optional<LoopTimer> soon_;
  Notice client_has_ended_{[this] {
    conversation_ = Conversation::kEnded;
    reconnect_if_due();
  }};
  std::optional<ReplayClient> client_;
  Conversation conversation_ = Conversation::kNotYet;
  bool told_to_wait_ = false;
};

Replay::Replay(const WorkerSettings& settings, std::string_view bytes, RecordedRequests recording,
               WorkerBoard& board, AccessLog& access_log, const ForwardedTrust& trust,
               int output_fd)
    : settings_(settings),
      bytes_(bytes),
      recording_(std::move(recording)),
      board_(board),
      access_log_(access_log),
      trust_(trust),
      output_fd_(output_fd),
      app_(settings, board.calls_max()) {}

Result<void> Replay::boot(ExitCode& code) {
  code = ExitCode::kAppLoadError;
  app_.join_worker(board_.calls(), [](std::string_view reason) {
    log::info("the app asks for another worker; there is none", {{"reason", reason}});
  });
  if (auto loaded = app_.load(); !loaded) return loaded;
  code = ExitCode::kBootError;
  if (auto preloaded = app_.preload(); !preloaded) return preloaded;
  if (auto ready = app_.init_worker(0, 1); !ready) return ready;
  station_.emplace(Station::Parts{.settings = settings_,
                                  .app = app_,
                                  .access_log = access_log_,
                                  .trust = trust_,
                                  .scoreboard = board_.worker(),
                                  .load = load_,
                                  .blocks = blocks_,
                                  .request_id_seed = to_us(now())},
                   Station::Hooks{.sweep = [this] { on_sweep(); },
                                  // Not at once: the connection's frame is still on the stack.
                                  .connection_closed = [this] { soon_->set(now()); }});
  soon_.emplace(station_->loop(), [this] { reconnect_if_due(); });
  client_.emplace(bytes_, recording_, output_fd_,
                  [this] { station_->executor().deliver(client_has_ended_); });
  if (auto started = station_->start(); !started) return started;
  code = ExitCode::kOk;
  return {};
}

ExitCode Replay::run() {
  on_sweep();
  station_->run([] {
    log::warning("leaving although a thread does not return from the app");
    ::_exit(static_cast<int>(ExitCode::kCannotStart));
  });
  app_.exit_worker();
  return judge();
}

void Replay::on_sweep() {
  station_->refresh_date();
  station_->connections().sweep(to_us(now()));
  if (conversation_ == Conversation::kNotYet) {
    become_ready();
  } else if (conversation_ == Conversation::kEnded && !reconnect_if_due()) {
    leave_when_over();
  }
  station_->set_sweep(now() + kSweepInterval);
}

/// As in a worker, clients come only when the app says that it is ready.
void Replay::become_ready() {
  const Station::Ready ready = station_->ask_ready();
  if (ready != Station::Ready::kYes) {
    if (ready == Station::Ready::kRefused && !std::exchange(told_to_wait_, true)) {
      log::info("waiting for the app to be ready");
    }
    return;
  }
  connect_or_stop();
}

void Replay::connect_or_stop() {
  if (auto connected = connect(); !connected) {
    log::critical(connected.error().text());
    station_->executor().stop(kThreadPatience);
  }
}

/// One connection at a time, because the requests came one after the other on one connection.
bool Replay::reconnect_if_due() {
  if (conversation_ != Conversation::kEnded || !client_->wants_another()) return false;
  if (station_->connections().size() != 0) return false;
  connect_or_stop();
  return true;
}

/// A peer on a unix socket is trusted, so what a proxy had said about the client is believed again.
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
  conversation_ = Conversation::kGoesOn;
  station_->connections().start(server_end.release(), address, address);
  return client_->start(std::move(client_end));
}

void Replay::leave_when_over() {
  if (station_->connections().size() != 0) return;
  if (app_.calls().in_use() != 0) {
    if (!std::exchange(told_to_wait_, true)) {
      log::info("the connection has ended; waiting for what the app still does for the request");
    }
    return;
  }
  station_->give_drain_notice();
  if (station_->has_callback()) return;
  station_->executor().stop(kThreadPatience);
}

ExitCode Replay::judge() const {
  using End = RecordedRequests::End;
  const std::size_t wanted = recording_.methods.size();
  const std::size_t answered = client_->responses().complete();
  if (client_->output_failed()) {
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
