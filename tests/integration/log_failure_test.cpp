// A log that cannot be written: a full disk, a reader that is stuck or gone. The server goes on
// serving, and reports what is missing once the log works again.
#include "tests/support/log_target.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include <sys/mount.h>
#include <unistd.h>

namespace alicorn::test {
namespace {

constexpr std::string_view kLostAccessLines = "access log: lines could not be written and are lost";

/// Bounds each of the polling loops below: each round is one request.
constexpr int kRoundsMax = 5'000;

/// Sends requests until the error log contains the text; the next line discovers a log that works
/// again.
bool serves_until_logged(ServerProcess& server, std::string_view text) {
  for (int round = 0; round < kRoundsMax; ++round) {
    if (ask(server.address(), get("/after")).status != 200) return false;
    if (server.count_in_log(text) != 0) return true;
  }
  return false;
}

/// The value of this member in `alicorn ctl status`.
std::uint64_t status_of(const ServerProcess& server, const std::string& member) {
  const CommandResult status =
      run_command({ALICORN_BINARY, "ctl", "--socket", server.file("ctl"), "--json", "status"});
  const std::string key = '"' + member + "\":";
  const std::size_t at = status.output.find(key);
  if (at == std::string::npos) return ADD_FAILURE() << status.output, 0;
  return std::stoull(status.output.substr(at + key.size()));
}

/// The sum of the losses that the error log reports.
std::uint64_t told_losses(const std::string& log) {
  constexpr std::string_view kNotice = " log lines could not be written and are lost";
  std::uint64_t sum = 0;
  for (std::size_t at = 0; (at = log.find(kNotice, at)) != std::string::npos; ++at) {
    sum += std::stoull(log.substr(log.rfind(' ', at - 1) + 1));
  }
  return sum;
}

/// Kills the worker, and waits for its successor.
void replace_worker(const ServerProcess& server) {
  const pid_t killed = server.workers().at(0);
  ::kill(killed, SIGKILL);
  EXPECT_TRUE(eventually([&] {
    const auto workers = server.workers();
    return workers.size() == 1 && workers.at(0) != killed;
  })) << server.log();
}

/// A file system that fills up quickly.
class SmallDisk {
 public:
  SmallDisk() {
    is_mounted_ = ::mount("alicorn-test", folder_.path().c_str(), "tmpfs", 0, "size=64k") == 0;
  }
  ~SmallDisk() {
    if (is_mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool is_mounted() const { return is_mounted_; }
  std::string operator/(std::string_view name) const { return folder_ / name; }
  void fill() const { write_file(folder_ / "filler", std::string(128 * 1024, 'x')); }
  void make_room() const { std::filesystem::remove(folder_ / "filler"); }

 private:
  TemporaryFolder folder_;
  bool is_mounted_ = false;
};

TEST(LogFailure, OnAFullDiskIsCountedByTheWorkers) {
  const SmallDisk disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "no file system can be mounted here";
  ServerProcess server(example("hello_c"),
                       {"--error-logfile", disk / "error.log", "--access-logfile",
                        disk / "access.log", "--control-socket", "ctl"});
  ask(server.address(), get("/before"));
  disk.fill();
  // More than fits into the rest of each file's last page.
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(ask(server.address(), get("/" + std::string(500, 'a'))).status, 200);
    server.signal(i % 2 == 0 ? SIGTTIN : SIGTTOU);
  }
  // Lines are written in batches: all of them may still be on their way.
  EXPECT_TRUE(eventually([&] { return status_of(server, "access_lines_dropped") > 0; }));
  disk.make_room();
  server.signal(SIGUSR1);
  EXPECT_TRUE(serves_until_logged(server, kLostAccessLines)) << server.log();
  EXPECT_TRUE(server.logs("reason=\"No space left on device\""));
}

TEST(LogFailure, OfAFileThatMayNotGrowEndsNoProcess) {
  const TemporaryFolder folder;
  ServerProcess server(
      example("hello_c"),
      {"--error-logfile", folder / "error.log", "--access-logfile", folder / "access.log"},
      {.wrapper = {"prlimit", "--fsize=4096"}});
  for (int i = 0; i < 60; ++i) {
    server.signal(i % 2 == 0 ? SIGTTIN : SIGTTOU);
    ASSERT_EQ(ask(server.address(), get("/" + std::string(200, 'a'))).status, 200);
  }
  EXPECT_TRUE(is_alive(server.pid()));
  server.signal(SIGHUP);
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

TEST(LogFailure, OfAGoneReaderIsCountedWhenThereIsAnother) {
  const TemporaryFolder folder;
  auto access = std::make_unique<Fifo>(folder / "access");
  ServerProcess server(example("hello_c"), {"--access-logfile", access->path()});
  ask(server.address(), get("/before"));
  access->read_some();
  access->close_reader();
  EXPECT_TRUE(serves_until_logged(server, "access log: cannot be written, lines are being lost"));
  std::filesystem::remove(folder / "access");
  access = std::make_unique<Fifo>(folder / "access");
  server.signal(SIGUSR1);
  EXPECT_TRUE(serves_until_logged(server, kLostAccessLines)) << server.log();
  EXPECT_TRUE(server.logs("reason=\"Broken pipe\""));
}

TEST(LogFailure, OfTheErrorLogNeverStopsTheMaster) {
  const TemporaryFolder folder;
  const std::string path = folder / "error.log";
  ServerProcess server(example("hello_c"), {"--error-logfile", path});
  std::filesystem::remove(path);
  auto error = std::make_unique<Fifo>(path);
  server.signal(SIGUSR1);
  error->read_some();  // the master has opened it
  error->close_reader();
  for (const int number : {SIGTTIN, SIGTTOU, SIGTTIN}) {
    server.signal(number);
    // The master logs what it has done about the signal, or tries to.
    const std::size_t wanted = number == SIGTTIN ? 2 : 1;
    EXPECT_TRUE(eventually([&] { return server.workers().size() == wanted; }));
    EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  }
  std::filesystem::remove(path);
  error = std::make_unique<Fifo>(path);
  server.signal(SIGUSR1);
  std::string all;
  EXPECT_TRUE(eventually([&] {
    all += error->read_available();
    return all.find("log lines could not be written and are lost") != std::string::npos;
  })) << all;
  std::filesystem::remove(path);  // nothing must wait for writers of this path
}

TEST(LogFailure, OfAGoneReaderKeepsNoWorkerFromStarting) {
  const TemporaryFolder folder;
  Fifo access(folder / "access");
  ServerProcess server(example("hello_c"), {"-w", "1", "--access-logfile", access.path()});
  access.close_reader();
  replace_worker(server);
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

TEST(LogFailure, OfARemovedFolderKeepsNoWorkerFromStarting) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "log");
  ServerProcess server(example("hello_c"), {"-w", "1", "--access-logfile", folder / "log/access",
                                            "--control-socket", "ctl"});
  std::filesystem::rename(folder / "log", folder / "moved");
  replace_worker(server);
  EXPECT_EQ(ask(server.address(), get("/written")).status, 200);
  EXPECT_TRUE(eventually(
      [&] { return read_file(folder / "moved/access").find("/written") != std::string::npos; }));
  const CommandResult reload =
      run_command({ALICORN_BINARY, "ctl", "--socket", server.file("ctl"), "reload", "--wait"});
  EXPECT_EQ(reload.ending.exit_code, 1);
  EXPECT_NE(reload.output.find("accesslog: open "), std::string::npos) << reload.output;
  std::filesystem::create_directory(folder / "log");
  server.signal(SIGUSR1);
  replace_worker(server);
  EXPECT_EQ(ask(server.address(), get("/again")).status, 200);
  EXPECT_TRUE(eventually(
      [&] { return read_file(folder / "log/access").find("/again") != std::string::npos; }));
}

TEST(LogFailure, OfTheAccessLogKeepsTheServerFromStarting) {
  const CommandResult result =
      run_server({"-b", "127.0.0.1:0", "--access-logfile", "/nowhere/log", example("hello_c")});
  EXPECT_EQ(result.ending.exit_code, 1);
  EXPECT_NE(result.output.find("accesslog: open /nowhere/log: No such file"), std::string::npos)
      << result.output;
}

TEST(LogFailure, OfDepartedWorkersIsReportedOnce) {
  const SmallDisk disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "no file system can be mounted here";
  const std::string log = disk / "error.log";
  ServerProcess server(test_app("lifecycle"),
                       {"-w", "1", "--error-logfile", log, "--control-socket", "ctl"});
  const auto ctl = [&](const Arguments& words) {
    Arguments all{ALICORN_BINARY, "ctl", "--socket", server.file("ctl")};
    all.insert(all.end(), words.begin(), words.end());
    EXPECT_EQ(run_command(all).ending.exit_code, 0);
  };
  const auto recycle = [&] {
    const pid_t old = server.workers().at(0);
    ::kill(old, SIGTERM);
    EXPECT_TRUE(eventually([&] { return !is_alive(old) && server.workers().size() == 1; }));
  };
  disk.fill();
  while (status_of(server, "lines_dropped") == 0) ctl({"log-level", "info"});
  recycle();
  server.signal(SIGHUP);
  EXPECT_TRUE(eventually(
      [&] { return status_of(server, "generation") == 2 && server.workers().size() == 1; }));
  disk.make_room();
  recycle();  // the new worker reports its own losses in its last lines
  ctl({"log-level", "info"});
  std::uint64_t told = 0, dropped = 0;
  EXPECT_TRUE(eventually([&] {
    told = told_losses(read_file(log));
    dropped = status_of(server, "lines_dropped");
    return told == dropped;
  })) << told
      << " of " << dropped << '\n'
      << read_file(log);
}

TEST(LogFailure, OfTheAccessLogIsInTheStatus) {
  ServerProcess server(example("hello_c"),
                       {"-w", "1", "--access-logfile", "/dev/full", "--control-socket", "ctl"});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  EXPECT_TRUE(eventually([&] { return status_of(server, "access_lines_dropped") == 3; }));
  replace_worker(server);
  EXPECT_EQ(status_of(server, "access_lines_dropped"), 3U);
}

TEST(LogFailure, OfAWorkerThatCrashesIsInTheStatus) {
  const TemporaryFolder folder;
  const Fifo fifo(folder / "fifo");
  fifo.fill();
  ServerProcess server(test_app("crash"),
                       {"-w", "1", "--access-logfile", fifo.path(), "--control-socket", "ctl"});
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  EXPECT_EQ(ask(server.address(), get("/crash")).status, 500);
  EXPECT_TRUE(server.logs("was killed by SIGSEGV"));
  EXPECT_TRUE(eventually([&] { return status_of(server, "access_lines_dropped") == 1; }));
}

}  // namespace
}  // namespace alicorn::test
