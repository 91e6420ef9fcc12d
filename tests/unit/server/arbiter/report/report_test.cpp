#include "server/arbiter/report/report.hpp"

#include <gtest/gtest.h>

#include <signal.h>
#include <unistd.h>

namespace alicorn {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
using Consequence = Departure::Consequence;
using Kind = Departure::Kind;

constexpr MonotonicTime kNow{1h};

Departure departure(Kind kind, Consequence consequence = Consequence::kNone) {
  return {.slot = 2,
          .generation = 1,
          .kind = kind,
          .consequence = consequence,
          .lived = 61'250ms,
          .respawn_in = 100ms};
}

CallReport call(const std::string& path) {
  return {.method = "GET",
          .path = path,
          .request_id = "r-1",
          .peer = "10.0.0.1",
          .started_us = to_us(kNow - 1500ms)};
}

Estate of(std::vector<CallReport> calls) {
  Estate estate;
  estate.in_flight = std::move(calls);
  return estate;
}

Estate failed(const std::string& why) {
  Estate estate;
  estate.boot_error = why;
  return estate;
}

TEST(Report, ACrashNamesTheSignalAndTheRequests) {
  const ExitReport report{.pid = 77, .signal = SIGSEGV, .core = true};
  EXPECT_EQ(
      describe_departure(departure(Kind::kDied, Consequence::kRespawn), report,
                         of({call("/a"), call("/b")}), kNow),
      "worker 3 (pid 77) was killed by SIGSEGV (core dumped) after 61.2 s; in flight: "
      "GET /a (id r-1, from 10.0.0.1, for 1500 ms), GET /b (id r-1, from 10.0.0.1, for 1500 ms); "
      "its successor starts in 100 ms");
  EXPECT_EQ(level_of(departure(Kind::kDied), report, {}), log::Level::kError);
}

TEST(Report, ACrashBeginsWithWhatRanOnItsThread) {
  Estate estate = of({call("/older"), call("/suspect"), call("/younger")});
  estate.in_flight[1].thread = estate.crash.thread = 79;
  estate.crash.kind = CrashKind::kSignal;
  estate.crash.signal = SIGSEGV;
  estate.crash.code = SEGV_MAPERR;
  const ExitReport report{.pid = 77, .signal = SIGSEGV};
  EXPECT_EQ(describe_departure(departure(Kind::kDied), report, estate, kNow),
            "worker 3 (pid 77) was killed by SIGSEGV (SEGV_MAPERR: nothing is mapped there) at 0x0 "
            "after 61.2 s; serving: GET /suspect (id r-1, from 10.0.0.1, for 1500 ms); in flight: "
            "GET /older (id r-1, from 10.0.0.1, for 1500 ms), "
            "GET /younger (id r-1, from 10.0.0.1, for 1500 ms)");
}

TEST(Report, ARequestHasWhatTheAppHasNotedOfIt) {
  CallReport annotated = call("/a");
  annotated.annotations = "user=7, tenant=x";
  const std::string text = describe_departure(departure(Kind::kDied), {.pid = 1, .signal = SIGKILL},
                                              of({annotated}), kNow);
  EXPECT_TRUE(text.ends_with("(id r-1, from 10.0.0.1, for 1500 ms, with user=7, tenant=x)"))
      << text;
}

TEST(Report, ACrashWhoseReportHangsIsACrashAllTheSame) {
  Estate estate;
  estate.crash.kind = CrashKind::kSignal;
  estate.crash.signal = SIGABRT;
  estate.crash.sender = 77;
  const ExitReport report{.pid = 77, .signal = SIGKILL};
  EXPECT_EQ(describe_departure(departure(Kind::kDied), report, estate, kNow),
            "worker 3 (pid 77) was killed by SIGKILL, when it had not reported in time that it "
            "died of SIGABRT after 61.2 s");
}

TEST(Report, NamesAFewOfManyRequests) {
  const std::vector<CallReport> calls(20, call("/x"));
  const std::string text =
      describe_departure(departure(Kind::kDied), {.pid = 1, .signal = SIGKILL}, of(calls), kNow);
  EXPECT_TRUE(text.ends_with(", and 12 more")) << text;
}

TEST(Report, ARequestMayHaveNeitherIdNorPeerNorAge) {
  const CallReport bare{
      .method = "GET", .path = "/", .request_id = "", .peer = "", .started_us = to_us(kNow + 1s)};
  const std::string text =
      describe_departure(departure(Kind::kDied), {.pid = 1, .signal = SIGKILL}, of({bare}), kNow);
  EXPECT_TRUE(text.ends_with("GET / (id -, from -, for 0 ms)")) << text;
}

/// `systemctl status` shows it to every user of the machine.
TEST(Report, InPublicNothingIsSaidThatARequestOrTheAppHasSaid) {
  Estate estate = of({call("/reset?token=secret")});
  estate.boot_error = "cannot connect to postgres://shop:secret@db";
  estate.crash.kind = CrashKind::kExit;
  const ExitReport report{.pid = 77, .exit_code = 4};
  EXPECT_EQ(describe_departure_in_public(departure(Kind::kDied, Consequence::kRespawn), report,
                                         estate.crash),
            "worker 3 (pid 77) exited with code 4, as its app called exit() after 61.2 s; its "
            "successor starts in 100 ms");
  EXPECT_EQ(describe_departure_in_public(departure(Kind::kBootFailed, Consequence::kStopServer),
                                         report, {}),
            "worker 3 (pid 77) could not start: exited with code 4; no worker could start: the "
            "server stops");
  EXPECT_EQ(describe_departure_in_public(departure(Kind::kBootFailed, Consequence::kAbandonReload),
                                         ExitReport{}, {}),
            "worker 3 could not start; the reload is abandoned, the old workers go on serving");
}

TEST(Report, ABootFailureGivesTheReasonAndWhatComesOfIt) {
  const ExitReport report{.pid = 77, .exit_code = 4};
  EXPECT_EQ(
      describe_departure(departure(Kind::kBootFailed, Consequence::kStopServer), report,
                         failed("no such file"), kNow),
      "worker 3 (pid 77) could not start: no such file; no worker could start: the server stops");
  EXPECT_EQ(describe_departure(departure(Kind::kBootFailed, Consequence::kAbandonReload), report,
                               {}, kNow),
            "worker 3 (pid 77) could not start: exited with code 4; the reload is abandoned, the "
            "old workers go on "
            "serving");
  Departure late = departure(Kind::kBootFailed);
  late.was_late = true;
  EXPECT_EQ(describe_boot_failure(late, {.pid = 77, .signal = SIGABRT}, {}),
            "worker 3 (pid 77) could not start: it was not ready after boot_timeout, and was "
            "killed by SIGABRT");
  EXPECT_EQ(level_of(departure(Kind::kBootFailed, Consequence::kStopServer), report, {}),
            log::Level::kCritical);
  EXPECT_EQ(level_of(departure(Kind::kBootFailed, Consequence::kAbandonReload), report, {}),
            log::Level::kError);
  EXPECT_EQ(level_of(departure(Kind::kBootFailed), report, {}), log::Level::kDebug);
}

TEST(Report, AnOrderlyEndIsAFewWords) {
  EXPECT_EQ(describe_departure(departure(Kind::kLeft), {.pid = 77}, {}, kNow),
            "worker 3 (pid 77) left");
  EXPECT_EQ(level_of(departure(Kind::kLeft), {.pid = 77}, {}), log::Level::kInfo);
  EXPECT_EQ(level_of(departure(Kind::kLeft), {.pid = 77}, {.kind = CrashKind::kExit}),
            log::Level::kError);
  EXPECT_EQ(level_of(departure(Kind::kLeft), {.pid = 77, .signal = SIGKILL}, {}),
            log::Level::kWarning);
  EXPECT_EQ(level_of(departure(Kind::kLeft), {.pid = 77, .signal = SIGSEGV}, {}),
            log::Level::kError);
  EXPECT_EQ(level_of(departure(Kind::kLeft), {.pid = 77, .exit_code = 1}, {}), log::Level::kError);
}

TEST(Report, ANewMastersEndSaysWhy) {
  EXPECT_EQ(describe_successor_end({.pid = 7, .exit_code = 2}, "no such flag"),
            "the new master (pid 7) ended with exit code 2 (wrong usage): no such flag");
  EXPECT_EQ(describe_successor_end({.pid = 7, .exit_code = 127}, ""),
            "the new master (pid 7) ended with exit code 127 (could not be executed)");
  EXPECT_EQ(describe_successor_end({.pid = 7, .exit_code = 9}, ""),
            "the new master (pid 7) ended with exit code 9");
  EXPECT_EQ(describe_successor_end({.pid = 7, .signal = SIGSEGV}, ""),
            "the new master (pid 7) ended with SIGSEGV");
}

TEST(Report, TheServerIsItsAddressesWorkersAndApp) {
  Config config;
  config.worker.app_path = "/srv/hello.so";
  Listeners listeners;
  for (const char* text : {"127.0.0.1:8000", "[::1]:80", "unix:/run/x.sock"}) {
    listeners.push_back(std::make_shared<Listener>());
    listeners.back()->address = Address::parse(text).value();
  }
  const std::string pid = std::to_string(::getpid());
  EXPECT_EQ(describe_server(config, listeners, 2),
            "listening at http://127.0.0.1:8000, http://[::1]:80, unix:/run/x.sock (pid " + pid +
                "), 2 workers, app /srv/hello.so");
  EXPECT_TRUE(describe_server(config, {}, 1).ends_with("), 1 worker, app /srv/hello.so"));
}

}  // namespace
}  // namespace alicorn
