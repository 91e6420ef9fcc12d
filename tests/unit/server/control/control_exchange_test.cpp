#include "server/control/control_exchange.hpp"

#include "base/address.hpp"
#include "base/unique_fd.hpp"
#include "server/control/control_client.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr uid_t kStranger = 65534;

/// A server that only listens: the kernel completes the connection and accepts the request.
class Silent : public testing::Test {
 protected:
  Silent() : listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const Address address = Address::parse("unix:" + path).value();
    EXPECT_EQ(::bind(listener.get(), address.data(), address.size()), 0);
  }
  /// Listens as this user, whom the kernel then reports as the peer.
  void listen(int backlog = 8, uid_t uid = ::geteuid()) const {
    const uid_t own = ::geteuid();
    const int dumpable = ::prctl(PR_GET_DUMPABLE);  // seteuid() clears it
    EXPECT_EQ(::seteuid(uid), 0);
    EXPECT_EQ(::listen(listener.get(), backlog), 0);
    EXPECT_EQ(::seteuid(own), 0);
    ::prctl(PR_SET_DUMPABLE, dumpable);
  }
  std::string failure(ControlExchange exchange) const {
    exchange.line = "status";
    exchange.patience = milliseconds(1);
    const auto answer = ask_server({path, ""}, exchange);
    return answer ? "answered" : answer.error().text();
  }

  test::TemporaryFolder folder;
  const std::string path = folder / "ctl";
  UniqueFd listener;
};

TEST_F(Silent, ServerMakesTheClientGiveUpWaitingOrNot) {
  listen();
  EXPECT_THAT(failure({}),
              AllOf(HasSubstr("does not answer within 0.001 s"), HasSubstr("stopped, or stuck")));
  EXPECT_THAT(failure({.waits = true}), HasSubstr("may be done all the same"));
}

TEST_F(Silent, ServerWithAFullBacklogMakesTheClientGiveUp) {
  listen(0);
  const Address address = Address::parse("unix:" + path).value();
  std::vector<UniqueFd> clients;
  bool has_room = true;
  while (has_room) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    has_room = ::connect(fd.get(), address.data(), address.size()) == 0;
    clients.push_back(std::move(fd));
  }
  EXPECT_THAT(failure({}), HasSubstr("accepted no connection within 0.001 s"));
}

TEST_F(Silent, StrangersServerIsNotAsked) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  listen(8, kStranger);
  EXPECT_THAT(failure({}), AllOf(HasSubstr("belongs to user 65534"), HasSubstr("--owner 65534")));
  EXPECT_THAT(failure({.owner = kStranger + 1}), HasSubstr("nor the user that --owner names"));
  EXPECT_THAT(failure({.owner = kStranger}), HasSubstr("does not answer"));
  // The owner of the folder may create any socket in it.
  EXPECT_EQ(::chown((folder / "").c_str(), kStranger, kStranger), 0);
  EXPECT_THAT(failure({}), HasSubstr("does not answer"));
  std::filesystem::permissions(folder / "", std::filesystem::perms(0777));
  EXPECT_THAT(failure({}), HasSubstr("belongs to user 65534")) << "where everybody may";
}

TEST(ShownAnswer, EscapesControlCharactersForATerminal) {
  const std::string answer = "{\"ok\":true,\"app\":\"\x1b]0;x\x07\xc2\x9b\"}\n";
  EXPECT_EQ(shown_answer(answer, false), answer) << "another program's to read";
  EXPECT_EQ(shown_answer(answer, true), "{\"ok\":true,\"app\":\"\\x1b]0;x\\x07\\xc2\\x9b\"}\n");
}

}  // namespace
}  // namespace alicorn
