// The listening sockets that the two masters of an upgrade share: no address stays open without
// workers, and the surviving master loses none.
#include "tests/support/installed_app.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace alicorn::test {
namespace {

class OtherAddresses : public ::testing::Test {
 protected:
  std::string configuration(const std::vector<std::string>& binds) const {
    std::string text = "application: " + app.path() + "\npidfile: " + pidfile + "\nbind:\n";
    for (const std::string& bind : binds) text += "  - \"" + bind + "\"\n";
    return text;
  }
  std::string unix_socket(const std::string& name) const { return "unix:" + (app.folder() / name); }
  void configure(const std::vector<std::string>& binds) const {
    std::ofstream(server.file("alicorn.yaml")) << configuration(binds);
  }
  pid_t master() const {
    const std::string text = read_file(pidfile);
    return text.empty() ? 0 : std::stoi(text);
  }
  /// A request holds the old master.
  void hand_over() {
    busy.send(get("/sleep?ms=1200"));
    server.signal(SIGUSR2);
    ASSERT_TRUE(server.logs("this one finishes its requests and leaves"));
  }
  void stop_successor() {
    EXPECT_TRUE(server.wait_for_end());
    ::kill(master(), SIGTERM);
    EXPECT_TRUE(server.nothing_is_left());
  }

  InstalledApp app{test_app("slow")};
  const std::string pidfile = app.folder() / "pid";
  /// Only the file's settings: arguments would override them.
  ServerProcess server{app.path(),
                       {},
                       {.configuration = configuration({"127.0.0.1:0", unix_socket("old.sock")}),
                        .wrapper = {"/bin/sh", "-c", "exec \"$0\" -c alicorn.yaml"}}};
  RawClient busy{server.address()};
};

TEST_F(OtherAddresses, OfTheNewMasterReplaceTheOldOnesWhenItsWorkersEnd) {
  configure({unix_socket("new.sock")});
  hand_over();
  EXPECT_FALSE(takes_connections(server.addresses()[0])) << "nobody would answer";
  EXPECT_FALSE(std::filesystem::exists(app.folder() / "old.sock"));
  EXPECT_EQ(busy.read_response().status, 200);
  stop_successor();
}

TEST_F(OtherAddresses, AreTheOldOnesAgainIfTheNewMasterDies) {
  configure({unix_socket("new.sock")});
  hand_over();
  ::kill(master(), SIGKILL);
  EXPECT_TRUE(server.logs("this one starts its workers again"));
  for (const Address& address : server.addresses()) {
    EXPECT_EQ(ask(address, get("/")).status, 200) << address.text();
  }
}

TEST_F(OtherAddresses, AreTakenBackFromANewMasterThatReloadedAndDied) {
  hand_over();
  configure({unix_socket("new.sock")});
  const pid_t successor = master();
  ::kill(successor, SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 3));
  EXPECT_FALSE(takes_connections(server.addresses()[0]));
  ::kill(successor, SIGKILL);
  EXPECT_TRUE(server.logs("this one starts its workers again"));
  for (const Address& address : server.addresses()) {
    EXPECT_EQ(ask(address, get("/")).status, 200) << address.text();
  }
}

TEST_F(OtherAddresses, OfAReloadOvertakenByAnUpgradeAreClosedToo) {
  app.replace_by(test_app("late"));
  configure({unix_socket("new.sock")});
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("reloading"));
  server.signal(SIGUSR2);
  stop_successor();
  EXPECT_FALSE(std::filesystem::exists(app.folder() / "old.sock"));
  EXPECT_FALSE(std::filesystem::exists(app.folder() / "new.sock"));
}

TEST_F(OtherAddresses, OfAFailedNewMasterLeaveNoFile) {
  app.replace_by(test_app("bad_init"));
  configure({unix_socket("old.sock"), unix_socket("new.sock")});
  server.signal(SIGUSR2);
  EXPECT_TRUE(server.logs("this one goes on"));
  EXPECT_FALSE(std::filesystem::exists(app.folder() / "new.sock"));
  for (const Address& address : server.addresses()) {
    EXPECT_EQ(ask(address, get("/")).status, 200) << address.text();
  }
}

TEST_F(OtherAddresses, DroppedByAReloadStayUntilTheOtherMasterEnds) {
  configure({unix_socket("old.sock")});
  std::ofstream(server.file("alicorn.yaml"), std::ios::app) << "upgrade: manual\n";
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 2));
  server.signal(SIGUSR2);
  EXPECT_TRUE(server.logs("serves beside this one"));
  const pid_t successor = master();
  configure({unix_socket("new.sock")});
  ::kill(successor, SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 4));
  const Address old = *Address::parse(unix_socket("old.sock"));
  EXPECT_EQ(ask(old, get("/")).status, 200) << "the old master's";
  server.signal(SIGQUIT);
  EXPECT_TRUE(server.wait_for_end());
  EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(old.path()); }));
  stop_successor();
}

TEST_F(OtherAddresses, OfTheOldMasterCloseAndReopenWithItsWorkers) {
  std::ofstream(server.file("alicorn.yaml"), std::ios::app) << "upgrade: manual\n";
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 2));
  const std::string both = read_file(server.file("alicorn.yaml"));
  configure({unix_socket("new.sock")});
  server.signal(SIGUSR2);
  EXPECT_TRUE(server.logs("serves beside this one"));
  const pid_t successor = master();
  server.signal(SIGWINCH);
  EXPECT_TRUE(eventually([&] { return server.workers() == std::vector<pid_t>{successor}; }));
  EXPECT_FALSE(takes_connections(server.addresses()[0]));
  std::ofstream(server.file("alicorn.yaml")) << both;
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 4));
  for (const Address& address : server.addresses()) {
    EXPECT_EQ(ask(address, get("/")).status, 200) << address.text();
  }
  ::kill(successor, SIGTERM);
  EXPECT_TRUE(server.logs("this one goes on"));
}

}  // namespace
}  // namespace alicorn::test
