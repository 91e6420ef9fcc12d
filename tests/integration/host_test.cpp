// The server on its host: sockets, files, running in the background.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

UniqueFd bound_socket(const Address& address) {
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::bind(fd.get(), address.data(), address.size()), 0);
  return fd;
}

class UnixSocket : public ::testing::Test {
 protected:
  CommandResult try_to_start() { return run_server({"-b", bind, example("hello_c")}); }

  TemporaryFolder folder;
  const std::string path = folder / "app.sock";
  const std::string bind = "unix:" + path;
};

TEST_F(UnixSocket, IsForOwnerAndGroupAndGoneAfterwards) {
  ServerProcess server(example("hello_c"), {"-b", bind});
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0660U);
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  server.signal(SIGTERM);
  EXPECT_TRUE(server.wait_for_end());
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(UnixSocket, IsReplacedIfItIsStale) {
  bound_socket(*Address::parse(bind)).reset();
  ASSERT_TRUE(std::filesystem::exists(path));
  ServerProcess server(example("hello_c"), {"-b", bind});
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

TEST_F(UnixSocket, IsRefusedIfAnotherServerAnswers) {
  ServerProcess first(example("hello_c"), {"-b", bind});
  const CommandResult second = try_to_start();
  EXPECT_EQ(second.ending.exit_code, 1);
  EXPECT_THAT(second.output, HasSubstr("another server answers there"));
  EXPECT_EQ(ask(first.address(), get("/")).status, 200);
}

TEST_F(UnixSocket, NeverReplacesAnotherKindOfFile) {
  std::ofstream(path) << "precious";
  const CommandResult result = try_to_start();
  EXPECT_EQ(result.ending.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("a file that is no socket is in the way"));
  EXPECT_EQ(read_file(path), "precious");
}

TEST_F(UnixSocket, MayBeAbstract) {
  const std::string name = "unix:@" + path;
  ServerProcess server(example("hello_c"), {"-b", name});
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

TEST(InheritedSocket, IsServedAndOutlivesTheServer) {
  const UniqueFd listener = bound_socket(*Address::parse("127.0.0.1:0"));
  ASSERT_EQ(::listen(listener.get(), 10), 0);
  ServerProcess server(example("hello_c"), {"-b", "fd://7"},
                       {.descriptors = {{listener.get(), 7}},
                        .configuration = "hooks: {on_starting: test ! -e /proc/self/fd/7}\n"});
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  server.signal(SIGTERM);
  EXPECT_TRUE(server.wait_for_end());
  EXPECT_TRUE(RawClient(server.address()).is_connected()) << "ours still listens";
}

TEST(InheritedSocket, MustBeASocket) {
  const CommandResult result = run_server({"-b", "fd://77", example("hello_c")});
  EXPECT_EQ(result.ending.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("fd://77"));
}

TEST(Pidfile, HoldsThePidAndIsRemoved) {
  const TemporaryFolder folder;
  ServerProcess server(example("hello_c"), {"--pidfile", folder / "app.pid"});
  EXPECT_EQ(read_file(folder / "app.pid"), std::to_string(server.pid()) + "\n");
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(folder / "app.pid"));
}

TEST(Pidfile, OfADeadServerThatIsNotYetReapedIsTakenOver) {
  const TemporaryFolder folder;
  const std::string program = folder / "a) R (b";  // its name in /proc/PID/stat
  std::filesystem::create_symlink("/bin/true", program);
  const ChildProcess dead({.arguments = {program}, .output_path = folder / "output"});
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(dead.pid()), &ended, WEXITED | WNOWAIT), 0);
  std::ofstream(folder / "app.pid") << dead.pid() << "\n";
  ServerProcess server(example("hello_c"), {"--pidfile", folder / "app.pid"});
  EXPECT_EQ(read_file(folder / "app.pid"), std::to_string(server.pid()) + "\n");
}

TEST(StartedTogether, OnlyOneServerTakesAStalePidfileAndSocket) {
  for (int round = 0; round < 5; ++round) {
    const TemporaryFolder folder;
    const std::string bind = "unix:" + (folder / "app.sock");
    bound_socket(*Address::parse(bind)).reset();
    std::ofstream(folder / "app.pid") << "2000000000\n";
    const auto start = [&](const std::string& name, const Arguments& options) {
      Arguments arguments{ALICORN_BINARY, "-b", bind};
      arguments.insert(arguments.end(), options.begin(), options.end());
      arguments.push_back(example("hello_c"));
      return std::make_unique<ChildProcess>(
          ChildProcess::Start{.arguments = arguments, .output_path = folder / name});
    };
    // Some of the servers meet at the pidfile, some at the socket.
    std::vector<std::unique_ptr<ChildProcess>> servers;
    for (const char* name : {"1", "2", "3", "4"}) servers.push_back(start(name, {}));
    for (const char* name : {"5", "6"}) {
      servers.push_back(start(name, {"--pidfile", folder / "app.pid"}));
    }
    const auto running = [&] {
      return std::count_if(servers.begin(), servers.end(),
                           [](const auto& server) { return !server->wait(milliseconds(0)); });
    };
    EXPECT_TRUE(eventually([&] { return running() <= 1; })) << running() << " servers";
    EXPECT_EQ(running(), 1);
    EXPECT_EQ(ask(*Address::parse(bind), get("/")).status, 200);
  }
}

TEST(Title, NamesMasterAndWorkers) {
  ServerProcess server(example("hello_c"), {"-w", "1"});
  const auto title_of = [](pid_t pid) {
    return read_file("/proc/" + std::to_string(pid) + "/cmdline");
  };
  EXPECT_THAT(title_of(server.pid()), StartsWith("alicorn: master [hello_c.so]"));
  ASSERT_EQ(server.workers().size(), 1U);
  EXPECT_THAT(title_of(server.workers()[0]), StartsWith("alicorn: worker 1"));
}

TEST(Environment, OfTheOperatorReachesTheServer) {
  ServerProcess server(example("hello_c"), {},
                       {.environment = {{"WEB_CONCURRENCY", "3"},
                                        {"ALICORN_CMD_ARGS", "--server-header from-env"}}});
  EXPECT_EQ(server.workers().size(), 3U);
  EXPECT_EQ(ask(server.address(), get("/")).field("server"), "from-env");
}

/// Nobody is a daemon's parent: the test stops it by the pid that it wrote.
class Daemon : public ::testing::Test {
 protected:
  ~Daemon() override {
    if (pid > 0 && is_alive(pid)) ::kill(pid, SIGKILL);
  }
  CommandResult start(const std::string& app) {
    return run_server({"-D", "-b", "unix:" + (folder / "app.sock"), "--pidfile", folder / "app.pid",
                       "--error-logfile", folder / "log", app});
  }

  TemporaryFolder folder;
  pid_t pid = 0;
};

TEST_F(Daemon, ServesWhenTheCommandReturns) {
  const CommandResult result = start(example("hello_c"));
  ASSERT_EQ(result.ending.exit_code, 0) << result.output << read_file(folder / "log");
  EXPECT_EQ(result.output, "");
  pid = std::stoi(read_file(folder / "app.pid"));
  EXPECT_EQ(ask(*Address::parse("unix:" + (folder / "app.sock")), get("/")).status, 200);
  ::kill(pid, SIGTERM);
  EXPECT_TRUE(eventually([&] { return !is_alive(pid); }));
  EXPECT_FALSE(std::filesystem::exists(folder / "app.pid"));
}

TEST_F(Daemon, ReportsAFailedStartOnTheTerminal) {
  const CommandResult result = start(test_app("bad_init"));
  EXPECT_EQ(result.ending.exit_code, 3);
  EXPECT_THAT(result.output, HasSubstr("worker_init"));
  EXPECT_FALSE(std::filesystem::exists(folder / "app.pid"));
}

}  // namespace
}  // namespace alicorn::test
