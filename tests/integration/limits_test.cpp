// If memory, descriptors, processes or threads run out between the start and the first request, a
// log line names the limit. Sufficient limits do no harm.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;

Arguments limited(const std::vector<std::string>& limits) {
  Arguments wrapper{"prlimit"};
  wrapper.insert(wrapper.end(), limits.begin(), limits.end());
  return wrapper;
}

std::string in_bytes(std::uint64_t kib) {
  return std::to_string(kib * 1024);
}

/// A server that is short of something: its output must name the limit.
class ShortOf : public ::testing::Test {
 protected:
  ShortOf() { std::filesystem::permissions(folder / "", std::filesystem::perms(0777)); }

  /// False: the server had enough, and serves.
  bool says(const std::string& limit, const Arguments& wrapper, const Arguments& arguments) {
    Arguments all = wrapper;
    all.push_back(binary());
    all.insert(all.end(), {"-b", "unix:" + (folder / "app.sock")});
    all.insert(all.end(), arguments.begin(), arguments.end());
    all.push_back(app());
    const std::string output = folder / "output";
    std::filesystem::remove(output);
    ChildProcess server({.arguments = all, .output_path = output, .directory = folder / ""});
    const auto has_said = [&](const std::string& text) {
      return read_file(output).find(text) != std::string::npos;
    };
    // If some workers serve, the others are retried again and again.
    EXPECT_TRUE(eventually([&] {
      return has_said(limit) || has_said("workers in place") || server.wait(milliseconds(0));
    }));
    // A server that ends on its own may take its time: a sanitizer looks for leaks.
    if (has_said("workers in place") || !server.wait(milliseconds(1'000))) server.signal(SIGTERM);
    const Ending ending = server.wait().value_or(Ending{});
    const std::string what = ::testing::PrintToString(all) + '\n' + read_file(output);
    EXPECT_EQ(ending.signal, 0) << what;
    for (const char* bad : {"terminate called", "was killed by", "backtrace="}) {
      EXPECT_FALSE(has_said(bad)) << what;
    }
    if (has_said("error while loading shared libraries")) return true;  // not the server yet
    EXPECT_TRUE(has_said(limit) || has_said("workers in place")) << what;
    return has_said(limit);
  }
  /// A copy that a user without rights may execute and load.
  std::string binary() { return copy(ALICORN_BINARY, "alicorn"); }
  std::string app() { return copy(example("hello_c"), "app.so"); }

  TemporaryFolder folder;

 private:
  std::string copy(const std::string& file, const std::string& name) {
    std::string path = folder / name;
    if (std::filesystem::exists(path)) return path;
    std::error_code error;
    std::filesystem::create_hard_link(file, path, error);
    if (error) std::filesystem::copy_file(file, path);
    return path;
  }
};

const std::vector<std::string> kBothWays{"--no-preload", "--preload"};

#ifndef __SANITIZE_ADDRESS__  // AddressSanitizer takes terabytes of address space

/// systemd's LimitAS=, and what a strict vm.overcommit_memory would count.
TEST(AddressSpace, WithAUsualLimitIsEnough) {
  for (const std::string preload : {"--no-preload", "--preload"}) {
    ServerProcess server(example("echo"), {"-w", "4", "--threads", "4", preload},
                         {.wrapper = limited({"--as=" + in_bytes(300'000)})});
    EXPECT_EQ(ask(server.address(), get("/")).status, 200);
    server.signal(SIGHUP);
    EXPECT_TRUE(server.logs("workers in place", 2));
    EXPECT_EQ(server.count_in_log("could not start"), 0U);
  }
}

TEST_F(ShortOf, AddressSpace) {
  for (const std::string& preload : kBothWays) {
    for (const std::uint64_t kib : {14'000U, 18'000U, 22'000U, 25'000U, 26'000U}) {
      EXPECT_TRUE(says("RLIMIT_AS", limited({"--as=" + in_bytes(kib)}),
                       {"-w", "2", preload, "--access-logfile", "-"}))
          << kib;
    }
  }
}

TEST_F(ShortOf, RoomForTheStacksOfThreads) {
  EXPECT_TRUE(says("RLIMIT_STACK", limited({"--stack=" + in_bytes(100'000'000)}), {}));
}

#endif

TEST_F(ShortOf, StackForOneThread) {
  EXPECT_TRUE(says("RLIMIT_STACK", limited({"--stack=" + in_bytes(64)}), {}));
}

#ifndef __SANITIZE_ADDRESS__  // AddressSanitizer makes pipes to probe memory
TEST_F(ShortOf, Descriptors) {
  for (const std::string& preload : kBothWays) {
    int files = 4;
    while (says("RLIMIT_NOFILE", limited({"--nofile=" + std::to_string(files)}),
                {"-w", "1", preload, "--control-socket", folder / "ctl"})) {
      ++files;
    }
    EXPECT_GT(files, 10) << "each of those before must have failed";
    EXPECT_LT(files, 40);
  }
}
#endif

/// As a user that nobody else runs as, because the limit counts all of a user's processes.
Arguments as_somebody(const std::vector<std::string>& limits) {
  const std::string id = std::to_string(100'000 + ::getpid());
  Arguments wrapper{"setpriv", "--reuid", id, "--regid", id, "--clear-groups"};
  const Arguments further = limited(limits);
  wrapper.insert(wrapper.end(), further.begin(), further.end());
  return wrapper;
}

class ShortOfTasks : public ShortOf {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  }
  CommandResult run(int tasks, const Arguments& arguments) {
    Arguments all = as_somebody({"--nproc=" + std::to_string(tasks)});
    all.insert(all.end(), {"sh", "-c", "cd " + folder.path() + " && exec \"$@\"", "sh", binary()});
    all.insert(all.end(), arguments.begin(), arguments.end());
    all.insert(all.end(), {"-b", "unix:app.sock", app()});
    return run_command(all);
  }
};

TEST_F(ShortOfTasks, ForAUser) {
  for (const std::string& preload : kBothWays) {
    int tasks = 1;
    while (says("RLIMIT_NPROC", as_somebody({"--nproc=" + std::to_string(tasks)}),
                {"-w", "2", preload, "--access-logfile", "-"})) {
      ++tasks;
    }
    EXPECT_GT(tasks, 4);
    EXPECT_LT(tasks, 20);
  }
}

TEST_F(ShortOfTasks, ForWorkersOfAnotherUser) {
  const std::string id = std::to_string(100'000 + ::getpid());
  EXPECT_TRUE(says("RLIMIT_NPROC", limited({"--nproc=1"}), {"--user", id, "--group", id}));
}

/// The command reports it, and so does a hook that cannot be started.
TEST_F(ShortOfTasks, ToBecomeADaemonOrToRunAHook) {
  for (const int tasks : {1, 2}) {
    const CommandResult result = run(tasks, {"-D", "--error-logfile", "log"});
    EXPECT_EQ(result.ending.exit_code, 1) << result.output;
    EXPECT_THAT(result.output, HasSubstr("RLIMIT_NPROC"));
  }
  write_file(folder / "hooks.yaml", "hooks: {on_starting: [/bin/true]}\n");
  const CommandResult result = run(1, {"-c", "hooks.yaml"});
  EXPECT_EQ(result.ending.exit_code, 1) << result.output;
  EXPECT_THAT(result.output, HasSubstr("hook on_starting could not be started"));
  EXPECT_THAT(result.output, HasSubstr("RLIMIT_NPROC"));
}

/// A unit's TasksMax=, a container's --pids-limit.
class ShortOfTasksOfACgroup : public ShortOf {
 protected:
  void SetUp() override {
    for (const std::string mount :
         {"/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"}) {
      std::error_code error;
      cgroup = mount + "/alicorn-test-" + std::to_string(::getpid());
      if (!std::filesystem::create_directory(cgroup, error)) continue;
      if (std::filesystem::exists(cgroup + "/pids.max")) return;
      std::filesystem::remove(cgroup, error);
    }
    cgroup.clear();
    GTEST_SKIP() << "no cgroup with a limit of pids can be made here";
  }
  void TearDown() override {
    std::error_code error;
    if (!cgroup.empty()) {
      eventually([&] { return std::filesystem::remove(cgroup, error); });
    }
  }

  std::string cgroup;
};

TEST_F(ShortOfTasksOfACgroup, IsNamed) {
  for (const std::string& preload : kBothWays) {
    for (const int tasks : {2, 3, 4}) {
      write_file(cgroup + "/pids.max", std::to_string(tasks));
      EXPECT_TRUE(says("pids.max of the cgroup",
                       {"sh", "-c", "echo $$ > " + cgroup + "/cgroup.procs; exec \"$@\"", "sh"},
                       {"-w", "2", preload, "--access-logfile", "-"}))
          << tasks;
    }
  }
}

}  // namespace
}  // namespace alicorn::test
