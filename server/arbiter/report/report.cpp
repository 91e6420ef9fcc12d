#include "server/arbiter/report/report.hpp"

#include "server/arbiter/report/crash_text.hpp"
#include "server/host/process_state.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr std::size_t kCallsNamed = 8;  // of those in flight; a line has to stay readable

std::string describe_end(const ExitReport& report, const CrashReport& crash) {
  if (report.is_stuck) {
    return std::string(kStuckInKernel) +
           "; it is left behind, and its addresses are taken until it ends";
  }
  if (report.signal == 0) {
    return fmt::format("exited with code {}{}", report.exit_code,
                       crash.kind == CrashKind::kExit ? ", as its app called exit()" : "");
  }
  const std::string_view core = report.core ? " (core dumped)" : "";
  if (crash.kind != CrashKind::kSignal) {
    return fmt::format("was killed by {}{}", signal_name(report.signal), core);
  }
  const std::string cause = describe_crash(crash, report.pid);
  if (crash.signal == report.signal) return fmt::format("was killed by {}{}", cause, core);
  return fmt::format("was killed by {}{}, when it had not reported in time that it died of {}",
                     signal_name(report.signal), core, cause);
}

std::string describe_calls(std::span<const CallReport> calls, MonotonicTime now) {
  std::string text;
  for (const CallReport& call : calls) {
    if (&call == calls.data() + kCallsNamed) {
      return text + fmt::format(", and {} more", calls.size() - kCallsNamed);
    }
    const std::uint64_t now_us = to_us(now);
    const std::uint64_t age_us = now_us > call.started_us ? now_us - call.started_us : 0;
    text += fmt::format("{}{} {} (id {}, from {}, for {} ms{}{})", text.empty() ? "" : ", ",
                        call.method, call.path, call.request_id.empty() ? "-" : call.request_id,
                        call.peer.empty() ? "-" : call.peer, age_us / 1000,
                        call.annotations.empty() ? "" : ", with ", call.annotations);
  }
  return text;
}

/// Requests on the thread that crashed come first: they are the suspects.
std::string describe_requests(const Estate& estate, MonotonicTime now) {
  std::vector<CallReport> serving, others;
  for (const CallReport& call : estate.in_flight) {
    const bool is_suspect = estate.crash.has_happened() && call.thread == estate.crash.thread;
    (is_suspect ? serving : others).push_back(call);
  }
  std::string text;
  if (!serving.empty()) text += "; serving: " + describe_calls(serving, now);
  if (!others.empty()) text += "; in flight: " + describe_calls(others, now);
  return text;
}

/// As in docs/signals.md, and as used by the shell and the dynamic linker.
std::string_view meaning_of(int exit_code) {
  constexpr int kNotExecuted = 127;
  switch (exit_code) {
    case static_cast<int>(ExitCode::kCannotStart):
      return "could not start";
    case static_cast<int>(ExitCode::kBadUsage):
      return "wrong usage";
    case static_cast<int>(ExitCode::kBootError):
      return "no worker could start";
    case static_cast<int>(ExitCode::kAppLoadError):
      return "the app could not be loaded";
    case kNotExecuted:
      return "could not be executed";
    default:
      return "";
  }
}

/// Without a pid if it was never forked.
std::string name_with_pid(std::uint32_t slot, pid_t pid) {
  return pid == 0 ? worker_name(slot) : fmt::format("{} (pid {})", worker_name(slot), pid);
}

std::string describe_consequence(const Departure& departure) {
  switch (departure.consequence) {
    case Departure::Consequence::kNone:
      return "";
    case Departure::Consequence::kRespawn:
      if (departure.respawn_in.count() == 0) return "; its successor starts at once";
      return fmt::format("; its successor starts in {} ms", departure.respawn_in.count());
    case Departure::Consequence::kStopServer:
      return "; no worker could start: the server stops";
    case Departure::Consequence::kAbandonReload:
      return "; the reload is abandoned, the old workers go on serving";
  }
  return "";
}

}  // namespace

std::string worker_name(std::uint32_t slot) {
  return "worker " + std::to_string(slot + 1);
}

std::string process_title(std::string_view process, const Config& config) {
  return fmt::format("alicorn: {} [{}]", process, name_of_app(config));
}

std::string describe_server(const Config& config, const Listeners& listeners,
                            std::uint32_t workers) {
  std::string addresses;
  for (const Address& address : addresses_of(listeners)) {
    if (!addresses.empty()) addresses += ", ";
    if (!address.is_unix()) addresses += "http://";
    addresses += address.text();
  }
  return fmt::format("listening at {} (pid {}), {} worker{}, app {}", addresses, ::getpid(),
                     workers, workers == 1 ? "" : "s", config.worker.app_name());
}

std::string describe_boot_failure(const Departure& departure, const ExitReport& report,
                                  const Estate& estate) {
  return fmt::format(
      "{} could not start: {}{}", name_with_pid(departure.slot, report.pid),
      departure.was_late ? "it was not ready after boot_timeout, and " : "",
      estate.boot_error.empty() ? describe_end(report, estate.crash) : estate.boot_error);
}

std::string describe_departure(const Departure& departure, const ExitReport& report,
                               const Estate& estate, MonotonicTime now) {
  std::string text = name_with_pid(departure.slot, report.pid) + " ";
  const std::string end = describe_end(report, estate.crash);
  if (departure.kind == Departure::Kind::kBootFailed) {
    text = describe_boot_failure(departure, report, estate);
  } else if (departure.kind == Departure::Kind::kLeft && report.signal == 0 &&
             report.exit_code == 0 && !estate.crash.has_happened()) {
    text += "left";
  } else if (report.is_stuck) {
    text += end;
  } else {
    const double lived_s = static_cast<double>(departure.lived.count()) / 1000.0;
    text += fmt::format("{} after {:.1f} s", end, lived_s);
  }
  return text + describe_requests(estate, now) + describe_consequence(departure);
}

std::string describe_departure_in_public(const Departure& departure, const ExitReport& report,
                                         const CrashReport& crash) {
  if (report.pid == 0) {
    return worker_name(departure.slot) + " could not start" + describe_consequence(departure);
  }
  Estate estate;
  estate.crash.kind = crash.kind == CrashKind::kExit ? crash.kind : CrashKind::kNone;
  return describe_departure(departure, report, estate, MonotonicTime{});
}

void log_departure(log::Level level, std::string_view text, const CrashReport& crash) {
  if (!crash.has_happened()) return log::write(level, text);
  const std::string thread = std::to_string(crash.thread);
  const std::string_view trace = crash.backtrace.empty() ? "-" : std::string_view(crash.backtrace);
  const std::array<log::Field, 3> fields{
      {{"thread", thread}, {"backtrace", trace}, {"app_stack", crash.app_stack}}};
  log::write(level, text, fields.data(), crash.app_stack.empty() ? 2 : 3);
}

std::string describe_zygote_end(const ExitReport& report, std::string_view last_words,
                                bool was_ready, bool was_late) {
  const std::string zygote = fmt::format("the zygote (pid {}) ", report.pid);
  std::string end = zygote + describe_end(report, {});
  if (report.is_stuck) return end;
  if (!last_words.empty()) return fmt::format("{}gave up: {}", zygote, last_words);
  if (was_late && was_ready) return end + ": it has forked no worker within boot_timeout";
  if (was_late) return end + ": the app's preload is not ready after boot_timeout";
  return was_ready ? end : end + " while it loaded the app";
}

log::Level level_of(const Departure& departure, const ExitReport& report,
                    const CrashReport& crash) {
  if (departure.consequence == Departure::Consequence::kStopServer) return log::Level::kCritical;
  const bool is_clean = report.signal == 0 && report.exit_code == 0 && !crash.has_happened();
  if (report.is_stuck) return log::Level::kError;
  if (departure.kind == Departure::Kind::kLeft) {
    if (is_clean) return log::Level::kInfo;
    return report.signal == SIGKILL ? log::Level::kWarning : log::Level::kError;
  }
  const bool goes_down_with_others = departure.kind == Departure::Kind::kBootFailed &&
                                     departure.consequence == Departure::Consequence::kNone;
  return goes_down_with_others ? log::Level::kDebug : log::Level::kError;
}

std::string describe_successor_end(const ExitReport& report, std::string_view last_words) {
  const std::string master = fmt::format("the new master (pid {}) ", report.pid);
  if (report.is_stuck) return master + describe_end(report, {});
  std::string how = signal_name(report.signal);
  if (report.signal == 0) {
    const std::string_view meaning = meaning_of(report.exit_code);
    how = fmt::format("exit code {}{}{}{}", report.exit_code, meaning.empty() ? "" : " (", meaning,
                      meaning.empty() ? "" : ")");
  }
  return fmt::format("{}ended with {}{}{}", master, how, last_words.empty() ? "" : ": ",
                     last_words);
}

void report_signal(const Signal& signal) {
  const auto say = [&](log::Level level, std::string_view why, bool with_threads = false) {
    std::string text = fmt::format("{} (pid {}) {}: {}", worker_name(signal.slot), signal.pid, why,
                                   signal_name(signal.number));
    // If the worker hangs in the kernel, this is the last moment to see where.
    const std::string threads = with_threads ? describe_threads(signal.pid) : std::string();
    if (!threads.empty()) text.append("; its threads: ").append(threads);
    log::write(level, text, nullptr, 0);
  };
  switch (signal.reason) {
    case SignalReason::kDrain:
    case SignalReason::kStop:
      return say(log::Level::kDebug, "is to leave");
    case SignalReason::kRecycle:
      return say(log::Level::kInfo, "is to be replaced, and its replacement is ready");
    case SignalReason::kNoHeartbeat:
      return say(log::Level::kError, "has a stuck loop (no heartbeat within timeout)", true);
    case SignalReason::kNoReturn:
      return say(log::Level::kError, "does not return from the app's worker_exit within timeout",
                 true);
    case SignalReason::kBootTimeout:
      return say(log::Level::kError, "is not ready after boot_timeout", true);
    case SignalReason::kNoEndByAbort:
      return say(log::Level::kWarning, "has not ended two seconds after SIGABRT", true);
    case SignalReason::kStillThere:
      return say(log::Level::kWarning, "is still there after its time to leave", true);
  }
}

}  // namespace alicorn
