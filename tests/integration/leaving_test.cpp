// Clients that wait at a listener while a worker leaves: the worker must not take them if others
// continue to serve the listener.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Workers with one busy thread each; more clients have asked, and nobody has accepted them.
class LeavingWorker : public ::testing::Test {
 protected:
  static constexpr std::size_t kWaiting = 6;

  ServerProcess start(const std::string& workers) const {
    return ServerProcess(test_app("slow"), {"-w", workers, "--access-logfile", log,
                                            "--access-logformat", "%(U)s by %(p)s"});
  }
  void keep_busy(const ServerProcess& server, std::size_t workers) {
    for (std::size_t i = 0; i < workers; ++i) {
      busy.push_back(std::make_unique<RawClient>(server.address()));
      busy.back()->send(get("/sleep?ms=1500"));
      EXPECT_FALSE(busy.back()->receives("H", milliseconds(100)));
    }
    while (waiting.size() < kWaiting) {
      waiting.push_back(std::make_unique<RawClient>(server.address()));
      waiting.back()->send(get("/waiting"));
    }
  }
  std::string waiting_by(pid_t pid) const { return "/waiting by <" + std::to_string(pid) + '>'; }
  std::string access_log() const {
    EXPECT_TRUE(eventually([&] { return lines_in(read_file(log)) >= waiting.size(); }));
    return read_file(log);
  }
  static std::size_t lines_in(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  TemporaryFolder folder;
  const std::string log = folder / "access.log";
  std::vector<std::unique_ptr<RawClient>> busy, waiting;
};

TEST_F(LeavingWorker, LeavesClientsToTheWorkersThatStay) {
  ServerProcess server = start("2");
  keep_busy(server, 2);
  const auto before = server.workers();
  server.signal(SIGTTOU);
  ASSERT_TRUE(eventually([&] { return server.workers().size() == 1; }));
  for (const auto& client : waiting) EXPECT_EQ(client->read_response().status, 200);
  for (const auto& client : busy) EXPECT_EQ(client->read_response().status, 200);
  const pid_t stays = server.workers().at(0);
  const pid_t left = before.at(before.at(0) == stays ? 1 : 0);
  EXPECT_THAT(access_log(), HasSubstr(waiting_by(stays)));
  EXPECT_THAT(access_log(), Not(HasSubstr(waiting_by(left))));
}

TEST_F(LeavingWorker, LeavesClientsToItsSuccessor) {
  ServerProcess server = start("1");
  keep_busy(server, 1);
  const pid_t old = server.workers().at(0);
  server.signal(SIGHUP);
  for (const auto& client : waiting) EXPECT_EQ(client->read_response().status, 200);
  EXPECT_FALSE(busy[0]->receives("H", milliseconds(1))) << "the old worker could not have answered";
  EXPECT_EQ(busy[0]->read_response().status, 200);
  EXPECT_THAT(access_log(), Not(HasSubstr(waiting_by(old))));
}

}  // namespace
}  // namespace alicorn::test
