// What a syslog daemon and statsd receive, and where the application's own output goes.
#include "tests/support/datagram_receiver.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

namespace alicorn::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class SyslogDaemon : public ::testing::Test {
 protected:
  TemporaryFolder folder;
  const std::string address = "unix:" + (folder / "log");
  const Arguments arguments{"--log-syslog", "--log-syslog-to", "unix://" + (folder / "log"),
                            "--log-syslog-prefix", "shop"};
};

TEST_F(SyslogDaemon, GetsBothLogs) {
  DatagramReceiver daemon(address);
  ServerProcess server(example("hello_c"), arguments);
  EXPECT_THAT(daemon.receive_until("listening at"),
              ContainsRegex("<14>[A-Z].*alicorn\\.shop\\.error\\[[0-9]+\\]: \\[info\\] master: "));
  ask(server.address(), get("/path"));
  EXPECT_THAT(daemon.receive_until("GET /path"),
              ContainsRegex("alicorn\\.shop\\.access\\[[0-9]+\\]: 127\\.0\\.0\\.1 "));
  EXPECT_THAT(server.log(), HasSubstr("listening at")) << "besides";
}

TEST_F(SyslogDaemon, IsToldHowManyErrorLogLinesItMissed) {
  auto daemon = std::make_unique<DatagramReceiver>(address);
  ServerProcess server(example("hello_c"), arguments);
  daemon.reset();
  server.signal(SIGTTIN);
  EXPECT_TRUE(server.logs("workers wanted from now on"));
  daemon = std::make_unique<DatagramReceiver>(address);
  server.signal(SIGTTOU);
  EXPECT_THAT(daemon->receive_until("log lines did not reach syslog and are lost"),
              HasSubstr("[warning] master: "));
}

TEST_F(SyslogDaemon, MissesAccessLogLinesThatAreCounted) {
  const std::string file = folder / "access";
  Arguments with_file = arguments;
  with_file.insert(with_file.end(), {"--access-logfile", file, "--access-logformat", "%(U)s"});
  auto daemon = std::make_unique<DatagramReceiver>(address);
  ServerProcess server(example("hello_c"), with_file);
  for (int round = 0; round < 50; ++round) {
    daemon.reset();
    const std::string missed = "/missed" + std::to_string(round);
    EXPECT_EQ(ask(server.address(), get(missed)).status, 200);
    // Whether the other writer has also tried cannot be seen from here, but is likely.
    EXPECT_TRUE(eventually([&] { return read_file(file).find(missed) != std::string::npos; }));
    daemon = std::make_unique<DatagramReceiver>(address);
    const std::string after = "/after" + std::to_string(round);
    EXPECT_EQ(ask(server.address(), get(after)).status, 200);
    EXPECT_THAT(daemon->receive_until(after), HasSubstr(after)) << "the new daemon is found";
    if (server.count_in_log("access log in syslog: lines could not be written") != 0) return;
  }
  ADD_FAILURE() << "never counted";
}

TEST(Statsd, GetsFiguresAboutRequestsWorkersAndLogs) {
  DatagramReceiver statsd("127.0.0.1:0");
  ServerProcess server(example("echo"),
                       {"-w", "2", "--statsd-host", statsd.address().text(), "--statsd-prefix",
                        "shop.", "--dogstatsd-tags", "env:live"});
  const std::string gauges = statsd.receive_until("alicorn.workers:2|g");
  EXPECT_THAT(gauges, HasSubstr("shop.alicorn.workers:2|g|#env:live\n"));
  EXPECT_THAT(gauges, HasSubstr("shop.alicorn.backlog:0|g|#env:live\n"));
  ask(server.address(), get("/status?code=202"));
  const std::string told = statsd.receive_until("request.status.202");
  EXPECT_THAT(told,
              ContainsRegex("shop\\.alicorn\\.request\\.duration:[0-9]+\\.[0-9]{3}\\|ms\\|#"));
  EXPECT_THAT(told, HasSubstr("shop.alicorn.requests:1|c|#env:live\n"));
  EXPECT_THAT(told, HasSubstr("shop.alicorn.request.status.202:1|c|#env:live\n"));
  server.signal(SIGTTOU);
  EXPECT_THAT(statsd.receive_until("alicorn.workers:1|g"), HasSubstr("alicorn.workers:1|g"));
}

TEST(Output, OfTheApplicationGoesToTheErrorLog) {
  const TemporaryFolder folder;
  const std::string log = folder / "error.log";
  ServerProcess server(test_app("chatty"), {"--error-logfile", log, "--capture-output"});
  ask(server.address(), get("/"));
  EXPECT_TRUE(eventually([&] {
    const std::string text = read_file(log);
    return text.find("to standard output\n") != std::string::npos &&
           text.find("to standard error\n") != std::string::npos;
  }));
  std::filesystem::rename(log, log + ".1");
  server.signal(SIGUSR1);
  EXPECT_TRUE(eventually([&] {
    ask(server.address(), get("/"));
    return std::filesystem::exists(log) &&
           read_file(log).find("to standard output\n") != std::string::npos;
  })) << "also after a rotation";
}

}  // namespace
}  // namespace alicorn::test
