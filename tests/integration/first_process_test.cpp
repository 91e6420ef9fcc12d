// The server as pid 1 of a pid namespace, like the first process of a container. Needs root.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include <unistd.h>

namespace alicorn::test {
namespace {

class FirstProcess : public ::testing::Test {
 protected:
  void SetUp() override {
    const bool may =
        ::geteuid() == 0 &&
        run_command({"unshare", "--pid", "--fork", "--mount-proc", "true"}).ending.exit_code == 0;
    if (!may) GTEST_SKIP() << "no pid namespace can be made here";
  }
  /// The master as seen from outside: the child of unshare.
  static pid_t master_of(const ServerProcess& server) {
    const auto children = children_of(server.pid());
    return children.empty() ? 0 : children.front();
  }
  const ServerProcess::Options options{
      .wrapper = {"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"}};
};

TEST_F(FirstProcess, ExitsWithZeroOnTerm) {
  ServerProcess server(example("hello_c"), {"-w", "2"}, options);
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  ::kill(master_of(server), SIGTERM);
  const auto ending = server.wait_for_end();
  ASSERT_TRUE(ending);
  EXPECT_EQ(ending->exit_code, 0);
}

TEST_F(FirstProcess, ReapsOrphansAndReplacesWorkers) {
  ServerProcess server(test_app("orphan"), {}, options);
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  const pid_t master = master_of(server);
  // The grandchild that the app left behind was adopted by the master: it ends and is reaped.
  EXPECT_TRUE(eventually([&] { return children_of(master).size() == 1; }));
  ::kill(children_of(master).front(), SIGKILL);
  EXPECT_TRUE(eventually([&] {
    const auto workers = children_of(master);
    return workers.size() == 1 && server.count_in_log("killed by SIGKILL") == 1;
  })) << server.log();
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  ::kill(master, SIGTERM);
  EXPECT_TRUE(server.wait_for_end());
}

}  // namespace
}  // namespace alicorn::test
