#include "server/host/listeners.hpp"

#include "server/host/inherited_listeners.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/server/host/listeners_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace alicorn {
namespace {

using test::read_file;
using test::TemporaryFolder;
using test::write_file;
using testing::HasSubstr;

using namespace test;  // NOLINT(google-build-using-namespace)

TEST(Listeners, BindTcpOnAPortOfTheKernelsChoice) {
  const Listeners listeners = opened({at("127.0.0.1:0"), at("[::1]:0")});
  ASSERT_EQ(listeners.size(), 2U);
  for (const auto& listener : listeners) {
    EXPECT_NE(listener->address.port(), 0);
    EXPECT_EQ(listener->asked.port(), 0);
    EXPECT_TRUE(connected(listener->address));
    EXPECT_NE(::fcntl(listener->fd.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(listener->fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_EQ(option(listeners[1]->fd.get(), IPPROTO_IPV6, IPV6_V6ONLY), 1);
}

TEST(Listeners, DeferTheAcceptanceOfTcpClientsUntilAReloadSaysOtherwise) {
  const TemporaryFolder folder;
  Binds binds = asked({at("127.0.0.1:0"), at("unix:" + (folder / "app.sock"))});
  const auto deferral = [](const Listeners& listeners) {
    return option(listeners.front()->fd.get(), IPPROTO_TCP, TCP_DEFER_ACCEPT);
  };
  Listeners listeners = open_listeners(binds, {}).value();
  EXPECT_EQ(deferral(listeners), 0);
  binds.defer_accept_s = 1;
  listeners = open_listeners(binds, listeners).value();
  EXPECT_GE(deferral(listeners), 1);  // the kernel rounds up
  binds.defer_accept_s = 0;
  listeners = open_listeners(binds, listeners).value();
  EXPECT_EQ(deferral(listeners), 0);
  binds.defer_accept_s = 5;
  binds.addresses = {at("127.0.0.1:0")};
  EXPECT_GE(deferral(open_listeners(binds, {}).value()), 5);
}

TEST(Listeners, SeveralShareAnAddressOfTcp) {
  const TemporaryFolder folder;
  Binds binds = asked({at("127.0.0.1:0"), at("unix:" + (folder / "app.sock"))});
  binds.sockets_each = 3;
  binds.backlog = 1'000;
  const Listeners listeners = open_listeners(binds, {}).value();
  ASSERT_EQ(listeners.size(), 4U);
  EXPECT_EQ(addresses_of(listeners), (std::vector{listeners[0]->address, listeners[3]->address}));
  EXPECT_TRUE(share_an_address(*listeners[0], *listeners[2]));
  EXPECT_FALSE(share_an_address(*listeners[2], *listeners[3]));
  // A reload goes on with them, however many it would open.
  binds.sockets_each = 1;
  EXPECT_EQ(open_listeners(binds, listeners).value(), listeners);
  // The kernel gives each its share.
  constexpr int kClients = 300;
  std::vector<UniqueFd> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(connected(listeners[0]->address));
  for (int i = 0; i < 3; ++i) {
    int waiting = 0;
    while (UniqueFd(::accept(listeners[static_cast<std::size_t>(i)]->fd.get(), nullptr, nullptr))) {
      ++waiting;
    }
    EXPECT_GT(waiting, kClients / 6) << i;
  }
}

/// The old master of an upgrade gives up a socket that the new one does not use, and has to go on
/// after all.
TEST(Listeners, OneOfSeveralThatWasClosedIsOpenedAgain) {
  Binds binds = asked({at("127.0.0.1:0")});
  binds.sockets_each = 2;
  const Listeners listeners = open_listeners(binds, {}).value();
  listeners[1]->fd.reset();
  listeners[1]->is_retired = true;
  ASSERT_TRUE(revive(*listeners[1], binds));
  EXPECT_FALSE(listeners[1]->is_retired);
  EXPECT_TRUE(share_an_address(*listeners[0], *listeners[1]));
  listeners[0]->fd.reset();
  EXPECT_TRUE(connected(listeners[1]->address)) << "it listens";
}

TEST(Listeners, AnotherServerIsToldThatASharedAddressIsInUse) {
  Binds binds = asked({at("127.0.0.1:0")});
  binds.sockets_each = 2;
  const Listeners listeners = open_listeners(binds, {}).value();
  binds.addresses = {listeners[0]->address};
  const auto another = open_listeners(binds, {});
  ASSERT_FALSE(another);
  EXPECT_EQ(another.error().code, std::errc::address_in_use);
  EXPECT_FALSE(require_free(binds, {}));
}

TEST(Listeners, APortInUseIsSaidInOneLine) {
  const Listeners first = opened({at("127.0.0.1:0")});
  EXPECT_EQ(refusal({first[0]->address}),
            "bind " + first[0]->address.text() + ": Address already in use");
}

TEST(Listeners, AFailureLeavesNothingBound) {
  const TemporaryFolder folder;
  const Listeners first = opened({at("127.0.0.1:0")});
  EXPECT_NE(refusal({at("unix:" + folder / "s"), first[0]->address}), "opened");
  EXPECT_FALSE(std::filesystem::exists(folder / "s"));
}

TEST(Listeners, AUnixSocketIsForItsOwnerAndGroup) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(0);
  const Listeners listeners = opened({at("unix:" + folder / "s")});
  EXPECT_EQ(::umask(before), 0U);
  struct stat status {};
  ASSERT_EQ(::stat((folder / "s").c_str(), &status), 0);
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  EXPECT_EQ(status.st_mode & 07777, 0660U);
  EXPECT_TRUE(connected(listeners[0]->address));
}

TEST(Listeners, AStaleUnixSocketIsReplaced) {
  const TemporaryFolder folder;
  const Address address = at("unix:" + folder / "s");
  opened({address});  // closed again, its file stays
  ASSERT_TRUE(std::filesystem::exists(folder / "s"));
  EXPECT_FALSE(connected(address));
  const Listeners listeners = opened({address});
  EXPECT_TRUE(connected(address));
}

TEST(Listeners, AUnixSocketThatAnswersIsRefused) {
  const TemporaryFolder folder;
  const Address address = at("unix:" + folder / "s");
  const Listeners first = opened({address});
  EXPECT_EQ(refusal({address}), address.text() + ": another server answers there");
  EXPECT_TRUE(connected(address));
}

TEST(Listeners, AFileThatIsNoSocketIsNeverTouched) {
  const TemporaryFolder folder;
  write_file(folder / "s", "precious");
  EXPECT_THAT(refusal({at("unix:" + folder / "s")}), HasSubstr("no socket"));
  EXPECT_EQ(read_file(folder / "s"), "precious");
}

TEST(Listeners, AnAbstractSocketHasNoFile) {
  const std::string name = "unix:@alicorn-test-" + std::to_string(::getpid());
  const Listeners listeners = opened({at(name)});
  EXPECT_TRUE(connected(at(name)));
  EXPECT_FALSE(has_file(*listeners[0]));
  EXPECT_THAT(refusal({at(name)}), HasSubstr("another server answers there"));
}

TEST(Listeners, AReloadKeepsWhatStaysAndOpensWhatIsNew) {
  const Listeners before = opened({at("127.0.0.1:0"), at("[::1]:0")});
  const Listeners after = opened({at("[::1]:0"), at("127.0.0.2:0")}, before);
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after[0], before[1]);
  EXPECT_NE(after[1], before[0]);
}

TEST(Listeners, AReloadMakesAFileAgainThatSomebodyRemoved) {
  const TemporaryFolder folder;
  const Address address = at("unix:" + folder / "s");
  const Listeners before = opened({address});
  EXPECT_EQ(opened({address}, before), before);
  std::filesystem::remove(folder / "s");
  const Listeners after = opened({address}, before);
  EXPECT_NE(after, before);
  EXPECT_TRUE(connected(address));
  unlink_path(*before[0]);
  EXPECT_TRUE(connected(address)) << "the file is not the old one's";
}

TEST(Listeners, GiveAwayNoFileThatIsNotTheirs) {
  const TemporaryFolder folder;
  const Listeners listeners = opened({at("unix:" + folder / "s")});
  EXPECT_TRUE(give_file(*listeners[0], ::geteuid(), ::getegid()));
  std::filesystem::remove(folder / "s");
  write_file(folder / "s", "somebody else's");
  const auto given = give_file(*listeners[0], ::geteuid(), ::getegid());
  ASSERT_FALSE(given);
  EXPECT_THAT(given.error().text(), HasSubstr("is another file by now"));
}

TEST(Listeners, TwoOfTheSameAddressAreTwoListeners) {
  const Listeners listeners = opened({at("127.0.0.1:0"), at("127.0.0.1:0")});
  EXPECT_NE(listeners[0]->address.port(), listeners[1]->address.port());
  const Listeners again = opened({at("127.0.0.1:0"), at("127.0.0.1:0")}, listeners);
  EXPECT_EQ(again, listeners);
}

TEST(Listeners, UnlinkRemovesOnlyTheSocketThatItMade) {
  const TemporaryFolder folder;
  const Listeners listeners = opened({at("unix:" + folder / "s")});
  std::filesystem::rename(folder / "s", folder / "moved");
  const Listeners others = opened({at("unix:" + folder / "s")});
  unlink_path(*listeners[0]);
  EXPECT_TRUE(std::filesystem::exists(folder / "s"));
  unlink_path(*others[0]);
  EXPECT_FALSE(std::filesystem::exists(folder / "s"));
}

TEST(Listeners, AUnixSocketThatWasGivenUpIsMadeAnew) {
  const TemporaryFolder folder;
  const Address address = at("unix:" + folder / "s");
  const Listeners before = opened({address});
  refuse_new_connections(*before[0]);
  unlink_path(*before[0]);
  const Listeners after = opened({address}, before);
  ASSERT_EQ(after.size(), 1U);
  EXPECT_NE(after[0], before[0]);
  EXPECT_TRUE(connected(address));
  unlink_path(*before[0]);  // an old worker has gone at last
  EXPECT_TRUE(connected(address));
}

/// Connecting to a listener that drops SYNs waits for the first retransmission, a second later: a
/// non-blocking connect tells at once that it did not succeed.
bool answers_at_once(const Address& address) {
  const UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ::connect(fd.get(), address.data(), address.size());
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  return ::getpeername(fd.get(), reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

TEST(Listeners, ARefusingListenerKeepsItsQueueAndTakesNoMore) {
  for (const char* text : {"127.0.0.1:0", "[::1]:0"}) {
    const Listeners listeners = opened({at(text)});
    Listener& listener = *listeners[0];
    const UniqueFd waiting = connected(listener.address);
    ASSERT_TRUE(answers_at_once(listener.address));
    refuse_new_connections(listener);
    EXPECT_FALSE(answers_at_once(listener.address));
    EXPECT_TRUE(UniqueFd(::accept(listener.fd.get(), nullptr, nullptr)));
    // A later reload that wants the address back.
    EXPECT_EQ(opened({at(text)}, listeners), listeners);
    EXPECT_TRUE(answers_at_once(listener.address));
  }
}

TEST(Listeners, AGivenDescriptorMustBeAListeningSocket) {
  const UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_THAT(refusal({at("fd://" + std::to_string(file.get()))}),
              HasSubstr("not a listening stream socket"));
  const UniqueFd idle(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_THAT(refusal({at("fd://" + std::to_string(idle.get()))}),
              HasSubstr("not a listening stream socket"));
  EXPECT_THAT(refusal({at("fd://1000000")}), HasSubstr("not a listening stream socket"));
}

TEST(Listeners, TheServersOwnDescriptorIsNotAGivenOne) {
  const Listeners own = opened({at("127.0.0.1:0")});
  const std::string given = "fd://" + std::to_string(own[0]->fd.get());
  EXPECT_EQ(refusal({at(given)}, own), given + ": the server itself has opened this descriptor");
  EXPECT_TRUE(connected(own[0]->address));
}

TEST(Listeners, AFailureLeavesARetiredListenerRetired) {
  const Listeners listeners = opened({at("127.0.0.1:0")});
  const Listeners other = opened({at("127.0.0.1:0")});
  refuse_new_connections(*listeners[0]);
  EXPECT_NE(refusal({at("127.0.0.1:0"), other[0]->address}, listeners), "opened");
  EXPECT_FALSE(answers_at_once(listeners[0]->address));
}

TEST(Listeners, AGivenDescriptorIsTakenOver) {
  Listeners first = opened({at("127.0.0.1:0")});
  const Address address = first[0]->address;
  const int fd = first[0]->fd.release();
  const Listeners given = opened({at("fd://" + std::to_string(fd))});
  EXPECT_EQ(given[0]->address, address);
  EXPECT_FALSE(given[0]->is_ours());
  refuse_new_connections(*given[0]);  // whoever gave it goes on listening
  EXPECT_TRUE(answers_at_once(address));
}

TEST(InheritedListeners, APreviousMastersAreFoundByWhatWasAskedFor) {
  const TemporaryFolder folder;
  const std::vector<Address> binds = {at("127.0.0.1:0"), at("unix:" + folder / "a,b%2C=c")};
  Listeners before = opened(binds);
  const std::string description = describe_for_upgrade(before);
  const Address address = before[0]->address;
  for (const auto& listener : before) static_cast<void>(listener->fd.release());  // over the exec

  ::setenv(kUpgradeFdsVariable, description.c_str(), 1);
  const auto taken = take_inherited_listeners();
  ASSERT_TRUE(taken) << taken.error().text();
  EXPECT_EQ(std::getenv(kUpgradeFdsVariable), nullptr);
  const Listeners after = opened(binds, *taken);
  EXPECT_EQ(after, *taken);
  EXPECT_EQ(after[0]->address, address);
  EXPECT_TRUE(after[1]->is_ours());
  EXPECT_TRUE(has_file(*after[1]));
}

TEST(InheritedListeners, AGivenOneStaysAStrangersOverAnUpgrade) {
  const int fd = opened({at("127.0.0.1:0")})[0]->fd.release();
  const std::vector<Address> binds = {at("fd://" + std::to_string(fd))};
  const Listeners before = opened(binds);
  ::setenv(kUpgradeFdsVariable, describe_for_upgrade(before).c_str(), 1);
  static_cast<void>(before[0]->fd.release());  // over the exec
  const auto taken = take_inherited_listeners();
  ASSERT_TRUE(taken) << taken.error().text();
  EXPECT_EQ(opened(binds, *taken), *taken);
  ASSERT_EQ(taken->size(), 1U);
  EXPECT_EQ(taken->front()->fd.get(), fd);
  EXPECT_FALSE(taken->front()->is_ours());
}

TEST(InheritedListeners, NonsenseIsRefused) {
  for (const char* value : {"x", "3", "=127.0.0.1:1", "99999=127.0.0.1:1", "1=nowhere:1"}) {
    ::setenv(kUpgradeFdsVariable, value, 1);
    EXPECT_FALSE(take_inherited_listeners()) << value;
    EXPECT_EQ(std::getenv(kUpgradeFdsVariable), nullptr);
  }
}

TEST(InheritedListeners, SystemdsVariablesForAnotherProcessAreDropped) {
  ::setenv("LISTEN_FDS", "1", 1);
  ::setenv("LISTEN_PID", "1", 1);
  const auto taken = take_inherited_listeners();
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->empty());
  EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);
}

TEST(InheritedListeners, WhoOnlySetTheVariableIsToldItsName) {
  ::setenv("LISTEN_FDS", "1", 1);
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  const auto taken = take_inherited_listeners();  // whatever 3 is in a test: nobody listens there
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().text(), "LISTEN_FDS: descriptor 3 is not a listening stream socket");
}

TEST(InheritedListeners, SystemdsStandInForAllAddresses) {
  Listeners from_systemd = opened({at("127.0.0.1:0")});
  from_systemd[0]->origin = Listener::Origin::kSystemd;
  EXPECT_EQ(opened({at("127.0.0.1:1"), at("127.0.0.1:2")}, from_systemd), from_systemd);
}

TEST(Listeners, AreRevivedWhicheverProcessHasRetiredThem) {
  const TemporaryFolder folder;
  const Listeners listeners = opened({at("127.0.0.1:0"), at("unix:" + folder / "s")});
  for (const auto& listener : listeners) {
    const auto inherited =
        adopt_listener(::dup(listener->fd.get()), listener->asked, Listener::Origin::kBound);
    ASSERT_TRUE(inherited);
    refuse_new_connections(**inherited);
    unlink_path(**inherited);
    EXPECT_FALSE(listener->is_retired) << "which is not to know";
    EXPECT_TRUE(revive(*listener, asked({})));
    EXPECT_TRUE(connected(listener->address)) << listener->address.text();
    EXPECT_FALSE(listener->is_retired);
  }
}

TEST(Listeners, WhosePathIsAnothersAreNotRevivedUntilTheyCanBe) {
  const TemporaryFolder folder;
  const Address path = at("unix:" + folder / "s");
  Listeners listeners = opened({path});
  unlink_path(*listeners[0]);
  Listeners others = opened({path});
  EXPECT_THAT(revive(*listeners[0], asked({})).error().text(), HasSubstr("another server answers"));
  unlink_path(*others[0]);
  listeners = opened({path}, listeners);
  EXPECT_TRUE(connected(path)) << "a reload binds it";
}

}  // namespace
}  // namespace alicorn
