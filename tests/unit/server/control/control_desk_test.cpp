#include "server/control/control_desk.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include <sys/socket.h>

namespace alicorn {
namespace {

using testing::HasSubstr;

class Desk : public testing::Test {
 protected:
  Desk() {
    EXPECT_TRUE(desk.expect(path, 0));
    desk.take_expected();
  }
  ~Desk() override { desk.close(clock); }

  /// A client that sends a request and then waits for the answer.
  UniqueFd waiter() {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const Address address = Address::parse("unix:" + path).value();
    EXPECT_EQ(::connect(fd.get(), address.data(), address.size()), 0);
    EXPECT_EQ(::send(fd.get(), "x\n", 2, 0), 2);
    client = desk.socket().serve(clock).at(0).client;
    return fd;
  }
  static std::string received(const UniqueFd& fd) {
    std::string text(4096, '\0');
    const ssize_t size = ::recv(fd.get(), text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }

  test::TemporaryFolder folder;
  const std::string path = folder / "ctl";
  MonotonicTime clock{std::chrono::hours{1}};
  ControlDesk desk;
  std::uint64_t client = 0;
};

TEST_F(Desk, TellsWaitingClientsHowTheReloadWent) {
  const UniqueFd fd = waiter();
  desk.note_reload(2, clock);
  desk.wait_for_reload(client);
  EXPECT_EQ(desk.reload()->generation, 2U);
  desk.note_end_of_reload("succeeded", {}, clock + milliseconds(70));
  EXPECT_EQ(received(fd), "{\"ok\":true,\"generation\":2,\"took_ms\":70}\n");
  EXPECT_FALSE(desk.reload());
  EXPECT_EQ(desk.last_reload()->result, "succeeded");
}

TEST_F(Desk, PassesOnNotesAboutTheReload) {
  const UniqueFd fd = waiter();
  desk.note_reload(2, clock, {"user is changed"});
  desk.wait_for_reload(client);
  desk.note_end_of_reload("succeeded", {}, clock);
  EXPECT_THAT(received(fd), HasSubstr(R"("took_ms":0,"notes":["user is changed"])"));
}

TEST_F(Desk, TellsWhyAReloadFailed) {
  const UniqueFd fd = waiter();
  desk.note_reload(2, clock);
  desk.wait_for_reload(client);
  desk.note_refused_reload("a later one's configuration is broken");
  EXPECT_TRUE(desk.reload()) << "this one goes on";
  desk.note_end_of_reload("abandoned", "no symbol", clock);
  EXPECT_THAT(received(fd), HasSubstr("\"error\":\"the reload was abandoned: no symbol\""));
}

TEST_F(Desk, ReportsAnIncompleteReloadAfterThreeFailures) {
  const UniqueFd fd = waiter();
  desk.note_reload(2, clock);
  desk.wait_for_reload(client);
  for (const std::uint32_t generation : {2U, 1U, 2U}) {
    desk.note_boot_failure(generation, "no licence", clock);
  }
  EXPECT_EQ(received(fd), "") << "one of them was another generation's";
  desk.note_boot_failure(2, "no licence", clock);
  EXPECT_THAT(received(fd), HasSubstr("the reload was incomplete: no licence"));
  EXPECT_EQ(desk.last_reload()->result, "incomplete");
}

TEST_F(Desk, ALaterReloadSupersedesTheEarlierOne) {
  const UniqueFd fd = waiter();
  desk.note_reload(2, clock);
  desk.wait_for_reload(client);
  desk.note_reload(3, clock);
  EXPECT_THAT(received(fd), HasSubstr("superseded"));
  EXPECT_EQ(desk.reload()->generation, 3U);
}

TEST_F(Desk, LimitsTheNumberOfWaitingClients) {
  std::vector<UniqueFd> waiting;
  for (std::size_t i = 0; i < ControlSocket::kWaitersMax; ++i) {
    waiting.push_back(waiter());
    EXPECT_TRUE(desk.may_wait());
    desk.wait_for_reload(client);
  }
  EXPECT_FALSE(desk.may_wait());
  waiting.pop_back();
  EXPECT_TRUE(desk.socket().serve(clock).empty());
  EXPECT_TRUE(desk.may_wait()) << "one of them has gone";
}

TEST_F(Desk, DoesNotCountClientsThatOnlyAsk) {
  std::vector<UniqueFd> asking;
  while (asking.size() <= ControlSocket::kWaitersMax) asking.push_back(waiter());
  EXPECT_TRUE(desk.may_wait());
}

TEST_F(Desk, AnswersClientsThatWaitForTheStop) {
  const UniqueFd fd = waiter();
  desk.wait_for_stop(client);
  desk.close(clock);
  EXPECT_EQ(received(fd), "{\"ok\":true}\n");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Desk, KeepsTheCurrentPathUntilTheNewGenerationServes) {
  const std::string next = folder / "next";
  EXPECT_TRUE(desk.expect(next, 0));
  EXPECT_TRUE(desk.expect(next, 0)) << "a second reload before the first serves";
  EXPECT_EQ(desk.socket().listener().path(), path);
  EXPECT_TRUE(std::filesystem::exists(next));
  desk.drop_expected();
  EXPECT_FALSE(std::filesystem::exists(next)) << "the reload was abandoned";
  EXPECT_TRUE(desk.expect(next, 0));
  desk.take_expected();
  EXPECT_EQ(desk.socket().listener().path(), next);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Desk, RestoresASocketFileThatWasRemoved) {
  std::filesystem::remove(path);
  EXPECT_TRUE(desk.expect(path, 0));
  desk.take_expected();
  EXPECT_TRUE(desk.socket().listener().is_in_place());
  EXPECT_TRUE(desk.expect("", 0)) << "none any more";
  desk.take_expected();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Desk, AnImpossiblePathChangesNothing) {
  const auto expected = desk.expect(folder / "nowhere/ctl", 0);
  ASSERT_FALSE(expected);
  EXPECT_THAT(expected.error().text(), HasSubstr("control_socket: "));
  desk.take_expected();
  EXPECT_TRUE(desk.socket().listener().is_in_place());
}

}  // namespace
}  // namespace alicorn
