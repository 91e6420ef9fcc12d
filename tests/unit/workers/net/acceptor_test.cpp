#include "workers/net/acceptor.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace alicorn {
namespace {

using Wait = AppExecutor::Wait;

class Hall final : public Reception {
 public:
  bool can_serve() const override { return true; }
  bool has_room() const override { return clients.size() < room; }
  bool wants_room(const Place& /*place*/, MonotonicTime /*time*/) override { return false; }
  std::optional<Rank> rank(MonotonicTime /*time*/) override { return Rank{}; }
  void make_room(MonotonicTime /*time*/) override {}
  AcceptGate::Verdict judge(AcceptGate& /*gate*/, const Look& /*look*/) override { return verdict; }
  milliseconds relook_delay() const override { return milliseconds(1); }
  void take(int fd, const Address& /*peer*/, const Address& /*local*/) override {
    clients.emplace_back(fd);
  }

  std::vector<UniqueFd> clients;
  std::size_t room = 1000;
  AcceptGate::Verdict verdict = AcceptGate::Verdict::kTake;
};

class AcceptorTest : public testing::Test {
 protected:
  AcceptorTest() {
    EXPECT_TRUE(loop.open());
    // An abstract name that the kernel chooses.
    const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&name), sizeof(sa_family_t)), 0);
    size = sizeof address;
    EXPECT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    EXPECT_EQ(::listen(listener.get(), 500), 0);
    sibling = UniqueFd(::dup(listener.get()));
    acceptor.emplace(loop,
                     WorkerListener{.fd = ::dup(listener.get()),
                                    .address = Address::from_sockaddr(address, size)},
                     0, hall, slot, left_one);
    acceptor->resume();
    run();
  }
  void connect(int count = 1) {
    for (int i = 0; i < count; ++i) {
      ends.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      EXPECT_EQ(::connect(ends.back().get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    }
  }
  /// All turns that there are now.
  void run() {
    for (int turns = 0; turns < 1000 && loop.turn(Wait::kMustNot); ++turns) {
    }
  }

  EventLoop loop;
  Hall hall;
  WorkerSlot slot;
  int left = 0;
  const std::function<void()> left_one = [this] { ++left; };
  sockaddr_storage address{};
  socklen_t size = 0;
  UniqueFd sibling;
  std::vector<UniqueFd> ends;
  std::optional<Acceptor> acceptor;
};

TEST_F(AcceptorTest, TakesEachClient) {
  connect();
  run();
  EXPECT_EQ(hall.clients.size(), 1U);
  connect(2);
  run();
  EXPECT_EQ(hall.clients.size(), 3U);
}

TEST_F(AcceptorTest, TakesABurstThatIsLargerThanOneLook) {
  connect(300);
  run();
  EXPECT_EQ(hall.clients.size(), 300U);
}

TEST_F(AcceptorTest, TakesWhoWaitedForRoomWithoutANewArrival) {
  hall.room = 1;
  connect(3);
  run();
  EXPECT_EQ(hall.clients.size(), 1U);
  hall.room = 10;
  acceptor->resume();
  EXPECT_EQ(hall.clients.size(), 1U) << "not within the call";
  run();
  EXPECT_EQ(hall.clients.size(), 3U);
}

TEST_F(AcceptorTest, LooksAgainAtWhomItLeft) {
  hall.verdict = AcceptGate::Verdict::kLeave;
  connect();
  run();
  EXPECT_EQ(left, 1);
  EXPECT_EQ(hall.clients.size(), 0U);
  hall.verdict = AcceptGate::Verdict::kTake;
  acceptor->look_again(Acceptor::Occasion::kReturn);
  EXPECT_EQ(hall.clients.size(), 1U);
}

TEST_F(AcceptorTest, LooksAgainWhenAnotherClientArrives) {
  hall.verdict = AcceptGate::Verdict::kLeave;
  connect();
  run();
  EXPECT_EQ(left, 1);
  hall.verdict = AcceptGate::Verdict::kTake;
  connect();
  run();
  EXPECT_EQ(hall.clients.size(), 2U);
}

TEST_F(AcceptorTest, AClientThatASiblingTakesIsNoLoss) {
  connect();
  const UniqueFd taken(::accept4(sibling.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_TRUE(taken);
  run();
  EXPECT_EQ(hall.clients.size(), 0U);
  connect();
  run();
  EXPECT_EQ(hall.clients.size(), 1U);
}

TEST_F(AcceptorTest, AfterItsStopASiblingsListenerIsNotWatched) {
  connect(2);
  acceptor->stop(Acceptor::Queued::kTake);
  EXPECT_EQ(hall.clients.size(), 2U);
  EXPECT_TRUE(acceptor->has_stopped());
  run();
  connect();
  EXPECT_FALSE(loop.turn(Wait::kMustNot));
  EXPECT_EQ(hall.clients.size(), 2U);
}

TEST_F(AcceptorTest, LeavesTheQueueToASibling) {
  connect(2);
  acceptor->stop(Acceptor::Queued::kLeave);
  run();
  EXPECT_EQ(hall.clients.size(), 0U);
  EXPECT_TRUE(UniqueFd(::accept4(sibling.get(), nullptr, nullptr, SOCK_CLOEXEC)));
}

/// One of two sockets of an address (reuse_port).
class OneOfTwoSockets : public AcceptorTest {
 protected:
  OneOfTwoSockets() {
    acceptor.emplace(loop,
                     WorkerListener{.fd = ::dup(sibling.get()),
                                    .address = Address::from_sockaddr(address, size),
                                    .place = 0,
                                    .places = 2},
                     0, hall, slot, left_one);
  }
  void look_at_place(const std::optional<Rank>& rank) {
    time += milliseconds(300);
    acceptor->look_at_place(rank, time);
    acceptor->resume();
    run();
  }

  MonotonicTime time = now();
};

TEST_F(OneOfTwoSockets, IsNotWatchedBeforeTheWorkerServes) {
  connect();
  look_at_place(std::nullopt);
  EXPECT_EQ(hall.clients.size(), 0U);
  look_at_place(Rank{.index = 0, .count = 1});
  EXPECT_EQ(hall.clients.size(), 1U);
}

TEST_F(OneOfTwoSockets, IsLeftToAnotherWorkerAfterAWhile) {
  look_at_place(Rank{.index = 0, .count = 2});
  look_at_place(Rank{.index = 1, .count = 2});
  connect();
  run();
  EXPECT_EQ(hall.clients.size(), 1U) << "the other worker may not know it yet";
  look_at_place(Rank{.index = 1, .count = 2});
  connect();
  run();
  EXPECT_EQ(hall.clients.size(), 1U);
  look_at_place(Rank{.index = 0, .count = 1});
  EXPECT_EQ(hall.clients.size(), 2U);
}

/// The others find out later that they have to look there.
TEST_F(OneOfTwoSockets, GoesOnForAWhileWhenItIsLeftToOthers) {
  look_at_place(Rank{.index = 0, .count = 2});
  slot.listeners_of_others = 1;
  acceptor->leave_to_others();
  EXPECT_TRUE(acceptor->is_left_to_others());
  EXPECT_FALSE(acceptor->has_stopped());
  connect();
  run();
  EXPECT_EQ(hall.clients.size(), 1U);
  connect();
  acceptor->stop(Acceptor::Queued::kTake);
  EXPECT_TRUE(acceptor->has_stopped());
  EXPECT_EQ(hall.clients.size(), 1U) << "the next one is the others'";
}

TEST_F(OneOfTwoSockets, IsEmptiedAtAStopWhoeversItWas) {
  connect();
  acceptor->stop(Acceptor::Queued::kTake);
  EXPECT_EQ(hall.clients.size(), 1U);
}

TEST(AcceptFailures, OfOneClientDoNotConcernTheNext) {
  // See accept(2), "Error handling"; and errors caused by a firewall or by a client that
  // disconnects.
  for (const int error : {ENETDOWN, EPROTO, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH,
                          EOPNOTSUPP, ENETUNREACH, ECONNABORTED, EPERM, ETIMEDOUT, EINTR}) {
    EXPECT_EQ(classify_accept_failure(error), AcceptFailure::kThisClient) << error;
  }
}

TEST(AcceptFailures, ForLackOfResourcesWouldHitTheNextClientToo) {
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
    EXPECT_EQ(classify_accept_failure(error), AcceptFailure::kNoResource) << error;
  }
  // The descriptor no longer listens: a loop of retries would never end.
  for (const int error : {EBADF, EINVAL, ENOTSOCK}) {
    EXPECT_EQ(classify_accept_failure(error), AcceptFailure::kNoResource) << error;
  }
  EXPECT_EQ(classify_accept_failure(EAGAIN), AcceptFailure::kNobody);
}

}  // namespace
}  // namespace alicorn
