// What the machine does to a server: no free descriptors, no writable place, a clock that stands
// still, a burst of signals.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <sys/resource.h>

namespace alicorn::test {
namespace {

std::ptrdiff_t descriptors_of(pid_t pid) {
  const std::filesystem::directory_iterator open("/proc/" + std::to_string(pid) + "/fd");
  return std::distance(begin(open), end(open));
}

/// The limit up to which the process can open this many more. It is one on their numbers, and there
/// are gaps between those in use.
rlim_t limit_for_more(pid_t pid, int more) {
  rlim_t limit = 0;
  for (; more > 0; ++limit) {
    const std::string name = "/proc/" + std::to_string(pid) + "/fd/" + std::to_string(limit);
    if (!std::filesystem::is_symlink(name)) --more;
  }
  return limit;
}

void limit_descriptors(pid_t pid, rlim_t count) {
  rlimit limit{};
  ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, nullptr, &limit), 0);
  limit.rlim_cur = count;
  ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, &limit, nullptr), 0);
}

TEST(Burst, OfAHundredSignalsDoesTheServerNoHarm) {
  ServerProcess server(example("hello_c"), {"-w", "2"});
  const auto before = descriptors_of(server.pid());
  for (int i = 0; i < 100; ++i) {
    for (const int number : {SIGHUP, SIGTTIN, SIGTTOU, SIGUSR1}) server.signal(number);
    // Two pending signals of a kind are merged: let the server take some of them one by one.
    if (i % 10 == 0) {
      EXPECT_EQ(ask(server.address(), get("/")).status, 200);
    }
  }
  // TTIN and TTOU may have been merged unequally: set the number again, starting from one.
  EXPECT_TRUE(eventually([&] {
    server.signal(SIGTTOU);
    return server.workers().size() == 1;
  }));
  // A pending TTOU comes after the TTIN and reverts it.
  const auto grows = [&] {
    server.signal(SIGTTIN);
    return eventually([&] { return server.workers().size() == 2; }, milliseconds(2'000));
  };
  EXPECT_TRUE(grows() || grows());
  server.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] {
    return server.workers().size() == 2 && descriptors_of(server.pid()) == before;
  })) << "workers: "
      << server.workers().size() << ", descriptors: " << descriptors_of(server.pid())
      << " instead of " << before;
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

TEST(NoDescriptors, InAWorkerIsReportedAndPasses) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP()
      << "UBSan asks a pipe whether memory is there: without one it sees errors everywhere";
#endif
  ServerProcess server(example("hello_c"), {"-w", "1"});
  const pid_t worker = server.workers().at(0);
  limit_descriptors(worker, limit_for_more(worker, 2));
  auto first = std::make_unique<RawClient>(server.address());
  EXPECT_EQ(first->request(get("/")).status, 200);
  std::vector<std::unique_ptr<RawClient>> more;
  while (more.size() < 4) more.push_back(std::make_unique<RawClient>(server.address()));
  for (const auto& client : more) client->send(get("/"));
  EXPECT_TRUE(server.logs("cannot accept connections"));
  EXPECT_EQ(first->request(get("/")).status, 200) << "who is served already does not notice";
  first.reset();
  for (auto& client : more) {
    EXPECT_EQ(client->read_response().status, 200);
    client.reset();
  }
  EXPECT_EQ(server.workers(), std::vector{worker});
}

TEST(NoDescriptors, InTheMasterDelaysAWorkerAndPasses) {
  ServerProcess server(example("hello_c"), {"-w", "2"});
  limit_descriptors(server.pid(), 3);
  const auto before = server.workers();
  ::kill(before.at(0), SIGKILL);
  EXPECT_TRUE(server.logs("was killed by SIGKILL"));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200) << "the other one serves";
  limit_descriptors(server.pid(), 1024);
  EXPECT_TRUE(eventually([&] { return server.workers().size() == 2; }));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

/// A suspended machine or a debugger: nothing in the server has run for longer than `timeout`.
TEST(StandingClock, KillsNoWorker) {
  ServerProcess server(example("hello_c"), {"-w", "2", "--timeout", "0.5"});
  const auto before = server.workers();
  for (const pid_t pid : before) ::kill(pid, SIGSTOP);
  server.signal(SIGSTOP);
  EXPECT_FALSE(RawClient(server.address()).receives("H", milliseconds(1500)));
  server.signal(SIGCONT);
  for (const pid_t pid : before) ::kill(pid, SIGCONT);
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  EXPECT_TRUE(stays([&] { return server.workers() == before; }, milliseconds(700)));
  EXPECT_EQ(server.count_in_log("has a stuck loop"), 0U);
}

TEST(NowhereToWrite, ServesAllTheSame) {
  for (const char* hidden : {"/tmp/", "/var/tmp/", "/dev/shm/", "/run/"}) {
    if (std::string(ALICORN_BINARY).starts_with(hidden))
      GTEST_SKIP() << "the build is in " << hidden;
  }
  const Arguments unshare{"unshare", "--mount", "--map-root-user"};
  Arguments probe = unshare;
  probe.insert(probe.end(), {"mount", "-o", "remount,bind,ro", "/"});
  if (run_command(probe).ending.exit_code != 0) GTEST_SKIP() << "this user may not mount";
  const std::string script =
      "mount -o remount,bind,ro / && for d in /tmp /var/tmp /dev/shm /run; do "
      "mount -t tmpfs -o ro none $d; done; exec \"$@\"";
  ServerProcess::Options options;
  options.wrapper = unshare;
  options.wrapper.insert(options.wrapper.end(), {"/bin/sh", "-c", script, "sh"});
  ServerProcess server(example("hello_c"), {"-w", "2"}, options);
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 2));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

}  // namespace
}  // namespace alicorn::test
