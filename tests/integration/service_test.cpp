// What a service manager expects: use of the sockets that it opened, messages about the server's
// progress, another user, and standard descriptors that may be closed.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

UniqueFd bound_socket(const Address& address, int type) {
  UniqueFd fd(::socket(address.family(), type | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::bind(fd.get(), address.data(), address.size()), 0);
  return fd;
}

/// Runs a shell script that ends by becoming the server.
Arguments shell(const std::string& script) {
  return {"/bin/sh", "-c", script};
}

TEST(SocketActivation, ServesSystemdsSocketsInsteadOfEveryBind) {
  const TemporaryFolder folder;
  const Address address = Address::parse("unix:" + (folder / "systemd.sock")).value();
  const UniqueFd listener = bound_socket(address, SOCK_STREAM);
  ASSERT_EQ(::listen(listener.get(), 10), 0);
  ServerProcess server(example("hello_c"), {"-w", "1", "-b", "unix:" + (folder / "unused.sock")},
                       {.environment = {{"LISTEN_FDS", "1"}, {"LISTEN_FDNAMES", "alicorn.socket"}},
                        .descriptors = {{listener.get(), 3}},
                        .wrapper = shell("LISTEN_PID=$$ exec \"$0\" \"$@\"")});
  ASSERT_EQ(server.addresses().size(), 1U);
  EXPECT_EQ(server.address(), address);
  EXPECT_FALSE(std::filesystem::exists(folder / "unused.sock"));
  EXPECT_EQ(ask(address, get("/")).status, 200);
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 2));
  EXPECT_EQ(ask(address, get("/")).status, 200) << "a reload keeps it";
  server.signal(SIGUSR2);
  EXPECT_TRUE(server.wait_for_end());
  EXPECT_EQ(ask(address, get("/")).status, 200) << "so does the new master of an upgrade";
  ::kill(-server.pid(), SIGTERM);
  EXPECT_TRUE(server.nothing_is_left());
  EXPECT_TRUE(std::filesystem::exists(address.path())) << "systemd's to remove";
}

TEST(SocketActivation, ForAnotherProcessIsIgnored) {
  const UniqueFd listener = bound_socket(Address::parse("127.0.0.1:0").value(), SOCK_STREAM);
  ASSERT_EQ(::listen(listener.get(), 10), 0);
  ServerProcess server(example("hello_c"), {"-w", "1", "-b", "[::1]:0"},
                       {.environment = {{"LISTEN_FDS", "1"}, {"LISTEN_PID", "1"}},
                        .descriptors = {{listener.get(), 3}}});
  EXPECT_THAT(server.address().text(), StartsWith("[::1]:"));
}

/// Plays the role of the service manager.
class Notify : public ::testing::Test {
 protected:
  explicit Notify(const std::string& app = example("hello_c"),
                  const Arguments& arguments = {"-w", "2"}, ServerProcess::Options options = {})
      : server(app, arguments, watched(std::move(options))) {}
  ServerProcess::Options watched(ServerProcess::Options options) const {
    options.environment = {{"NOTIFY_SOCKET", path}, {"WATCHDOG_USEC", "400000"}};
    return options;
  }
  std::string next_message() {
    std::array<char, 512> buffer{};
    ssize_t size = -1;
    EXPECT_TRUE(eventually([&] {
      size = ::recv(manager.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      return size >= 0;
    }));
    return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }
  static std::string ready(pid_t pid) { return "READY=1\nMAINPID=" + std::to_string(pid); }
  /// The server must not claim to be ready, or to be another process, until it logs this text.
  bool claims_nothing_until_it_logs(std::string_view text, std::size_t times = 1) {
    bool claims = false;
    std::array<char, 512> buffer{};
    const auto hear = [&] {
      ssize_t size = 0;
      while ((size = ::recv(manager.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) >= 0) {
        const std::string_view message(buffer.data(), static_cast<std::size_t>(size));
        claims = claims || message.find("READY=1") != std::string_view::npos ||
                 message.find("RELOADING=1") != std::string_view::npos ||
                 message.find("MAINPID=") != std::string_view::npos;
      }
    };
    const bool logs = eventually([&] {
      hear();
      return server.count_in_log(text) >= times;
    });
    EXPECT_TRUE(logs) << text;
    hear();
    return logs && !claims;
  }
  /// The next message that starts like this; others may come before it.
  std::string expect_told(const std::string& start) {
    const MonotonicTime deadline = now() + kPatience;  // other messages may come for ever
    for (std::string message = next_message(); !message.empty(); message = next_message()) {
      if (message.starts_with(start)) return message;
      if (now() > deadline) break;
    }
    ADD_FAILURE() << "never told " << start;
    return {};
  }
  /// Each message has a sender of its own: with a long queue, one sender's buffer would be full
  /// first.
  void fill_queue() const {
    const Address address = Address::parse("unix:" + path).value();
    ssize_t sent = 1;
    while (sent == 1) {
      const UniqueFd sender(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      sent = ::sendto(sender.get(), "x", 1, 0, address.data(), address.size());
    }
  }
  /// The new master of an upgrade, once it says that it is ready. 0: it does not.
  pid_t expect_successor() {
    const std::string start = "READY=1\nMAINPID=";
    for (std::string told = expect_told(start); !told.empty(); told = expect_told(start)) {
      const pid_t named = std::stoi(told.substr(start.size()));
      if (named != server.pid()) return named;
    }
    return 0;
  }

  TemporaryFolder folder;
  const std::string path = folder / "notify";
  const UniqueFd manager = bound_socket(Address::parse("unix:" + path).value(), SOCK_DGRAM);
  ServerProcess server;
};

TEST_F(Notify, ReportsReadinessReloadsAndStops) {
  const std::string is_ready = ready(server.pid());
  expect_told(is_ready);
  server.signal(SIGHUP);
  expect_told("RELOADING=1\nMONOTONIC_USEC=");
  expect_told(is_ready);
  EXPECT_TRUE(server.logs("workers in place", 2));
  server.signal(SIGTERM);
  expect_told("STOPPING=1\nEXTEND_TIMEOUT_USEC=37000000");
}

TEST_F(Notify, ReportsAFailedReloadAndThatTheServiceIsReady) {
  const std::string is_ready = ready(server.pid());
  expect_told(is_ready);
  std::ofstream(server.file("alicorn.yaml")) << "wrokers: 1\n";
  server.signal(SIGHUP);
  expect_told("RELOADING=1\n");
  expect_told(is_ready);
}

TEST_F(Notify, NamesTheNewMasterOfAnUpgrade) {
  expect_told(ready(server.pid()));
  server.signal(SIGUSR2);
  expect_told("STATUS=2 of 2 workers ready, generation 1; upgrading");
  const pid_t successor = expect_successor();
  ASSERT_NE(successor, 0);
  expect_told("WATCHDOG=1");
  EXPECT_TRUE(server.wait_for_end());
  expect_told("WATCHDOG=1");
  ::kill(successor, SIGTERM);
  expect_told("STOPPING=1");
  EXPECT_TRUE(server.nothing_is_left());
}

TEST_F(Notify, NamesTheOldMasterAgainIfTheNewOneDies) {
  expect_told(ready(server.pid()));
  std::ofstream(server.file("alicorn.yaml")) << "wrokers: 1\n";
  server.signal(SIGUSR2);
  expect_told("MAINPID=" + std::to_string(server.pid()));
  const std::string status =
      expect_told("STATUS=2 of 2 workers ready, generation 1; last failure: ");
  EXPECT_THAT(status, HasSubstr("exit code 2 (wrong usage) (the log says more)"));
  EXPECT_THAT(status, Not(HasSubstr("wrokers"))) << "every user of the machine can read it";
}

TEST_F(Notify, KeepsTheOldMasterUntilTheNewOneIsKnown) {
  expect_told(ready(server.pid()));
  fill_queue();
  server.signal(SIGUSR2);
  EXPECT_TRUE(server.logs("is full: what it has to know"));
  EXPECT_TRUE(server.logs("workers in place", 2));
  EXPECT_TRUE(stays([&] { return is_alive(server.pid()); }, milliseconds(1'000)));
  const pid_t successor = expect_successor();
  ASSERT_NE(successor, 0);
  EXPECT_TRUE(server.wait_for_end());
  ::kill(successor, SIGTERM);
  EXPECT_TRUE(server.nothing_is_left());
}

class NotifyOfALateSuccessor : public Notify {
 protected:
  /// Only the file's settings: arguments would override them.
  NotifyOfALateSuccessor()
      : Notify(
            {}, {},
            {.configuration = configuration(""), .wrapper = shell("exec \"$0\" -c alicorn.yaml")}) {
  }
  static std::string configuration(const std::string& more_binds) {
    return "application: " + test_app("slow") + "\nworkers: 1\nboot_timeout: 1\n" +
           "bind: [\"127.0.0.1:0\"" + more_binds + "]\n";
  }
};

TEST_F(NotifyOfALateSuccessor, NamesNoMasterThatDidNotServeInTime) {
  expect_told(ready(server.pid()));
  fill_queue();
  const std::string own = "unix:" + (folder / "new.sock");  // only the new one serves there
  std::ofstream(server.file("alicorn.yaml")) << configuration(", \"" + own + "\"");
  server.signal(SIGUSR2);
  ASSERT_TRUE(server.logs("workers in place", 2));
  RawClient busy(Address::parse(own).value());
  busy.send(get("/sleep?ms=5000"));
  ASSERT_TRUE(server.logs("does not serve in time, and is told to end"));
  std::string message;
  do {
    message = next_message();
    const std::size_t named = message.find("MAINPID=");
    if (named == std::string::npos) continue;
    EXPECT_EQ(message.substr(named), "MAINPID=" + std::to_string(server.pid()));
  } while (!message.empty() && !message.starts_with("MAINPID="));
  EXPECT_EQ(busy.read_response().status, 200);
}

class NotifyByHand : public Notify {
 protected:
  NotifyByHand() : Notify(example("hello_c"), {"-w", "2", "--upgrade", "manual"}) {}
  void SetUp() override {
    expect_told(ready(server.pid()));
    server.signal(SIGUSR2);
    successor = expect_successor();
    ASSERT_NE(successor, 0);
    ASSERT_TRUE(server.logs("serves beside this one"));
  }
  ~NotifyByHand() override {
    if (successor > 0 && is_alive(successor)) ::kill(successor, SIGTERM);
  }

  pid_t successor = 0;
};

TEST_F(NotifyByHand, NamesOnlyTheNewMasterUntilTheOldOneHasGone) {
  server.signal(SIGWINCH);
  EXPECT_TRUE(claims_nothing_until_it_logs("all workers leave"));
  server.signal(SIGHUP);
  EXPECT_TRUE(claims_nothing_until_it_logs("workers in place", 3));
  std::ofstream(server.file("alicorn.yaml")) << "wrokers: 1\n";
  server.signal(SIGHUP);
  EXPECT_TRUE(claims_nothing_until_it_logs("the old configuration stays"));
  server.signal(SIGQUIT);
  EXPECT_TRUE(claims_nothing_until_it_logs(": stopped"));
  EXPECT_TRUE(server.wait_for_end());
  expect_told("WATCHDOG=1");
}

TEST_F(NotifyByHand, NamesTheOldMasterAgainIfTheNewOneIsStopped) {
  server.signal(SIGWINCH);
  EXPECT_TRUE(server.logs("all workers leave"));
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 3));
  ::kill(successor, SIGTERM);
  expect_told("MAINPID=" + std::to_string(server.pid()));
  expect_told(ready(server.pid()));
  expect_told("WATCHDOG=1");
}

TEST_F(NotifyByHand, DoesNotKeepTheOldMasterBusy) {
  const milliseconds before = cpu_time(server.pid());
  EXPECT_TRUE(stays([&] { return cpu_time(server.pid()) - before < milliseconds(200); },
                    milliseconds(2'000)));
}

class NotifyOfAStop : public Notify {
 protected:
  NotifyOfAStop() : Notify(example("echo"), {"-w", "1"}) {}
};

TEST_F(NotifyOfAStop, RequestsTimeForTheOldMasterToo) {
  expect_told(ready(server.pid()));
  RawClient busy(server.address());
  begin_upload(busy);
  server.signal(SIGUSR2);
  const pid_t successor = expect_successor();
  ASSERT_NE(successor, 0);
  ASSERT_TRUE(server.logs("this one finishes its requests and leaves"));
  ::kill(successor, SIGTERM);
  expect_told("STOPPING=1\nEXTEND_TIMEOUT_USEC=74000000");
  EXPECT_EQ(finish_upload(busy).status, 200);
  expect_told("STOPPING=1\nEXTEND_TIMEOUT_USEC=37000000");
  EXPECT_TRUE(server.nothing_is_left());
}

class NotifyOfAShorterStop : public Notify {
 protected:
  NotifyOfAShorterStop()
      : Notify(example("echo"), {"-w", "1"}, {.configuration = "graceful_timeout: 3000\n"}) {}
};

TEST_F(NotifyOfAShorterStop, RequestsTimeForAWorkerStoppedBeforeAReload) {
  expect_told(ready(server.pid()));
  RawClient busy(server.address());
  begin_upload(busy);
  std::ofstream(server.file("alicorn.yaml")) << "graceful_timeout: 2\n";
  server.signal(SIGHUP);
  ASSERT_TRUE(server.logs("the new generation serves"));
  server.signal(SIGTERM);
  const std::string start = "STOPPING=1\nEXTEND_TIMEOUT_USEC=";
  const std::string told = expect_told(start);
  ASSERT_GT(told.size(), start.size());
  EXPECT_GT(std::stol(told.substr(start.size())), 2'000'000'000) << "of 3000 s";
  EXPECT_EQ(finish_upload(busy).status, 200);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
}

TEST_F(Notify, FeedsTheWatchdogUntilTheLoopIsStuck) {
  expect_told(ready(server.pid()));
  expect_told("WATCHDOG=1");
  expect_told("WATCHDOG=1");
  server.signal(SIGSTOP);
  EXPECT_TRUE(eventually([&] {
    return read_file("/proc/" + std::to_string(server.pid()) + "/stat").find(") T") !=
           std::string::npos;
  }));
  std::array<char, 512> buffer{};
  while (::recv(manager.get(), buffer.data(), buffer.size(), MSG_DONTWAIT) >= 0) continue;
  EXPECT_TRUE(
      stays([&] { return ::recv(manager.get(), buffer.data(), buffer.size(), MSG_DONTWAIT) < 0; },
            milliseconds(500)));
  server.signal(SIGCONT);
  expect_told("WATCHDOG=1");
}

TEST(OtherUser, AppliesToTheWorkersOnly) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  const TemporaryFolder folder;
  std::filesystem::permissions(folder / "", std::filesystem::perms(0755));
  std::filesystem::copy_file(example("hello_c"), folder / "app.so");
  const std::string bind = "unix:" + (folder / "app.sock");
  ServerProcess server(folder / "app.so",
                       {"-w", "1", "-b", bind, "--user", "nobody", "--group", "nogroup"});
  const auto status_of = [](pid_t pid) {
    return read_file("/proc/" + std::to_string(pid) + "/status");
  };
  const std::string worker = status_of(server.workers().at(0));
  EXPECT_THAT(worker, HasSubstr("\nUid:\t65534\t65534\t65534\t65534\n"));
  EXPECT_THAT(worker, HasSubstr("\nGid:\t65534\t65534\t65534\t65534\n"));
  EXPECT_THAT(worker, ::testing::ContainsRegex("\nGroups:\t(65534 )? *\n"));
  EXPECT_THAT(worker, HasSubstr("\nCapEff:\t0000000000000000\n"));
  EXPECT_THAT(status_of(server.pid()), HasSubstr("\nUid:\t0\t"));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

TEST(ClosedDescriptors, AreReopenedBeforeASocketTakesTheirNumbers) {
  const TemporaryFolder folder;
  ServerProcess server(example("hello_c"), {"-w", "1", "--error-logfile", folder / "log"},
                       {.wrapper = shell("exec \"$0\" \"$@\" <&- >&- 2>&-")});
  for (const pid_t pid : {server.pid(), server.workers().at(0)}) {
    for (const char* fd : {"0", "1", "2"}) {
      EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/fd/" + fd),
                "/dev/null");
    }
  }
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

}  // namespace
}  // namespace alicorn::test
