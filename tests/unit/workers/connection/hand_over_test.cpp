// Two workers in one process, whose clients are only descriptors.
#include "workers/connection/hand_over.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {
namespace {

using Wait = AppExecutor::Wait;

struct Hall final : HandOver::Clients {
  bool prepare_for(int /*fd*/, std::size_t /*unread*/) noexcept override { return accepts; }
  void adopt(MovingClient client, std::string_view unread) noexcept override {
    client.unread = unread;
    adopted.push_back(std::move(client));
  }
  void decline() noexcept override { ++declined; }
  void take_back(MovingClient client) noexcept override { back.push_back(std::move(client)); }
  void on_handed_over() noexcept override { ++handed_over; }
  void on_claim_used() noexcept override { ++claims_used; }
  bool on_asked(std::uint32_t slot) noexcept override {
    asked_by.push_back(slot);
    return gives;
  }
  void on_told(std::uint32_t slot, Inquiry::Answer answer) noexcept override {
    (answer == Inquiry::Answer::kComes ? told_by : nothing_from).push_back(slot);
  }

  std::vector<MovingClient> adopted, back;
  std::vector<std::uint32_t> asked_by, told_by, nothing_from;
  int declined = 0, handed_over = 0, claims_used = 0;
  bool accepts = true, gives = false;
};

class HandOverTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kFrom = 0, kTo = 2;

  HandOverTest() {
    EXPECT_TRUE(loop.open());
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    far_end = UniqueFd(ends[1]);
    for (const std::uint32_t slot : {kFrom, kTo}) {
      loads.at(slot).generation = 1;
      loads.at(slot).openness = Openness::kFree;
      loads.at(slot).swept_us = to_us(time);
    }
    to.emplace(parts(kTo), receiver);
    to->open();
  }
  HandOver::Parts parts(std::uint32_t slot) {
    return {.loop = loop, .room = room, .loads = loads, .slot = slot, .generation = 1};
  }
  bool offer(const WaitingRequest& request = {}) {
    const auto target = from->find_target(time);
    MovingClient client{.fd = {},
                        .state = {.idle_since_us = 1, .deadline_us = 0, .was_served = true},
                        .request = request,
                        .unread = "GET"};
    if (!target || !from->offer(*target, ends[0], client, time)) return false;
    client.fd = UniqueFd(ends[0]);
    from->keep(*target, std::move(client));
    return true;
  }
  void run() {
    for (int turns = 0; turns < 1000 && loop.turn(Wait::kMustNot); ++turns) {
    }
  }
  /// The client's end sees what is written to this descriptor.
  bool is_the_client(const UniqueFd& fd) const {
    char byte = 0;
    return ::write(fd.get(), "x", 1) == 1 && ::read(far_end.get(), &byte, 1) == 1 && byte == 'x';
  }

  EventLoop loop;
  MailRoom room = MailRoom::create(4, 4).value();
  LoadTable loads = LoadTable::create(4).value();
  MonotonicTime time = now();
  int ends[2]{};
  UniqueFd far_end;
  Hall sender, receiver;
  std::optional<HandOver> to;
  std::optional<HandOver> from{std::in_place, parts(kFrom), sender};
};

TEST_F(HandOverTest, BringsAClientToTheOtherWorker) {
  from->open();
  ASSERT_TRUE(offer());
  EXPECT_EQ(from->under_way(), 1U);
  run();
  ASSERT_EQ(receiver.adopted.size(), 1U);
  EXPECT_TRUE(is_the_client(receiver.adopted[0].fd));
  EXPECT_EQ(receiver.adopted[0].state.idle_since_us, 1U);
  EXPECT_TRUE(receiver.adopted[0].state.was_served);
  EXPECT_EQ(receiver.adopted[0].unread, "GET");
  EXPECT_EQ(from->under_way(), 0U);
  EXPECT_EQ(sender.handed_over, 1);
  receiver.adopted.clear();
  char byte = 0;
  EXPECT_EQ(::read(far_end.get(), &byte, 1), 0) << "no copy is left";
}

TEST_F(HandOverTest, BringsARequestThatWaitsForAThread) {
  from->open();
  ASSERT_TRUE(offer({.received_us = 5, .came_us = 6, .moves = 2, .has_claim = true}));
  run();
  ASSERT_EQ(receiver.adopted.size(), 1U);
  const WaitingRequest& request = receiver.adopted[0].request;
  EXPECT_EQ(request.received_us, 5U);
  EXPECT_EQ(request.came_us, 6U);
  EXPECT_EQ(request.moves, 2U);
  EXPECT_EQ(receiver.claims_used, 1);
  EXPECT_EQ(receiver.told_by, std::vector{kFrom}) << "in case it had asked";
}

TEST_F(HandOverTest, UsesUpTheClaimOfARequestThatIsRefused) {
  from->open();
  receiver.accepts = false;
  ASSERT_TRUE(offer({.received_us = 5, .came_us = 6, .moves = 1, .has_claim = true}));
  run();
  EXPECT_EQ(receiver.claims_used, 1);
  ASSERT_EQ(sender.back.size(), 1U);
  EXPECT_EQ(sender.back[0].request.came_us, 6U) << "it has not become younger";
}

TEST_F(HandOverTest, AsksAnotherWorker) {
  from->open();
  EXPECT_TRUE(from->ask(kTo));
  run();
  EXPECT_EQ(receiver.asked_by, std::vector{kFrom});
  EXPECT_EQ(sender.nothing_from, std::vector{kTo});
  receiver.gives = true;
  EXPECT_TRUE(from->ask(kTo));
  run();
  EXPECT_EQ(receiver.asked_by.size(), 2U);
  EXPECT_EQ(sender.nothing_from.size(), 1U) << "an offer follows instead";
  EXPECT_FALSE(from->ask(room.slots())) << "has no mailbox";
}

TEST_F(HandOverTest, TakesBackWhomTheOtherRefuses) {
  from->open();
  receiver.accepts = false;
  ASSERT_TRUE(offer());
  run();
  EXPECT_EQ(from->under_way(), 0U);
  ASSERT_EQ(sender.back.size(), 1U);
  EXPECT_TRUE(is_the_client(sender.back[0].fd));
  EXPECT_EQ(sender.back[0].unread, "GET");
  EXPECT_EQ(sender.back[0].refusals, 1U);
}

TEST_F(HandOverTest, TakesBackWhomTheOtherDoesNotReadInTime) {
  from->open();
  ASSERT_TRUE(offer());
  from->sweep(time + milliseconds(900));
  EXPECT_EQ(sender.back.size(), 0U);
  from->sweep(time + milliseconds(1100));
  ASSERT_EQ(sender.back.size(), 1U);
  run();
  EXPECT_EQ(receiver.adopted.size(), 0U) << "too late";
  EXPECT_EQ(receiver.declined, 1);
}

/// The answer may be lost: the mailbox is full, or the receiver has died since.
TEST_F(HandOverTest, FindsOutWithoutAnAnswer) {
  ASSERT_TRUE(offer());  // this worker does not read its mailbox
  run();
  EXPECT_EQ(receiver.adopted.size(), 1U);
  EXPECT_EQ(from->under_way(), 1U);
  from->sweep(time);
  EXPECT_EQ(from->under_way(), 0U);
  EXPECT_EQ(sender.handed_over, 1);
  EXPECT_EQ(sender.back.size(), 0U);
}

TEST_F(HandOverTest, OutlivesTheSender) {
  ASSERT_TRUE(offer());
  from.reset();
  run();
  ASSERT_EQ(receiver.adopted.size(), 1U);
  EXPECT_TRUE(is_the_client(receiver.adopted[0].fd));
}

TEST_F(HandOverTest, OutlivesTheReceiver) {
  from->open();
  ASSERT_TRUE(offer());
  to.reset();
  to.emplace(parts(kTo), receiver);
  to->open();
  run();
  EXPECT_EQ(receiver.adopted.size(), 1U) << "the next worker of the slot reads its mail";
}

TEST_F(HandOverTest, GoesOnWithTheTicketsOfAnEarlierWorker) {
  ASSERT_TRUE(offer());
  from.emplace(parts(kFrom), sender);
  int more[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, more), 0);
  const UniqueFd far(more[1]);
  ends[0] = more[0];
  ASSERT_TRUE(offer());
  run();
  EXPECT_EQ(receiver.adopted.size(), 2U) << "the new offer has another place";
}

TEST_F(HandOverTest, GoesNowhereIfNobodyTakesClients) {
  loads.at(kTo).openness = Openness::kClosed;
  EXPECT_FALSE(from->find_target(time));
  ::close(ends[0]);
}

TEST_F(HandOverTest, ChangesNothingWhileTheMailboxIsFull) {
  while (::send(room.writing_end(kTo), "?", 1, MSG_DONTWAIT) > 0) {
  }
  EXPECT_FALSE(offer());
  EXPECT_EQ(from->under_way(), 0U);
  run();
  EXPECT_TRUE(offer()) << "the place is free again";
}

TEST_F(HandOverTest, SendsFewToOneWorkerAtATime) {
  std::vector<UniqueFd> others;
  std::uint32_t count = 0;
  while (offer()) {
    ++count;
    int more[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, more), 0);
    ends[0] = more[0];
    others.emplace_back(more[1]);
  }
  ::close(ends[0]);
  EXPECT_EQ(count, Heirs::kComingMax);
}

/// A message has a copy of the descriptor, so a close alone would not reach the client.
TEST_F(HandOverTest, ClosesForTheClientWhenTheWorkerLeaves) {
  ASSERT_TRUE(offer());
  from->cut_all();
  EXPECT_EQ(from->under_way(), 0U);
  char byte = 0;
  EXPECT_EQ(::read(far_end.get(), &byte, 1), 0);
}

TEST_F(HandOverTest, EndsTheOffersOfAnEarlierWorkerThatNobodyClaims) {
  ASSERT_TRUE(offer());
  from.emplace(parts(kFrom), sender);
  from->open();
  EXPECT_FALSE(room.custody(kFrom, 0).is_free());
  from->sweep(now() + milliseconds(6'000));
  EXPECT_TRUE(room.custody(kFrom, 0).is_free());
  run();
  EXPECT_EQ(receiver.adopted.size(), 0U) << "too late";
}

/// Every worker can do this to another one.
TEST_F(HandOverTest, EndsWhenItsMailboxIsShutDown) {
  ::shutdown(room.writing_end(kTo), SHUT_RDWR);
  for (int turns = 0; loop.turn(Wait::kMustNot); ++turns) ASSERT_LT(turns, 10);
  EXPECT_FALSE(from->find_target(time));
  ::close(ends[0]);
}

TEST_F(HandOverTest, IgnoresOtherMessages) {
  const auto say = [this](std::string_view text, int count = 0) {
    iovec part{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};  // NOLINT
    msghdr envelope{};
    envelope.msg_iov = &part;
    envelope.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))]{};
    const std::vector<int> fds(static_cast<std::size_t>(count), ends[0]);
    if (count > 0) {
      envelope.msg_control = control;
      envelope.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
      cmsghdr* const entry = CMSG_FIRSTHDR(&envelope);
      entry->cmsg_level = SOL_SOCKET;
      entry->cmsg_type = SCM_RIGHTS;
      entry->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
      std::memcpy(CMSG_DATA(entry), fds.data(), fds.size() * sizeof(int));
    }
    EXPECT_EQ(::sendmsg(room.writing_end(kTo), &envelope, 0), static_cast<ssize_t>(text.size()));
    run();
  };
  const UniqueFd before(::dup(ends[0]));
  for (int count = 0; count <= 3; ++count) {
    say("?", count);
    say(std::string(40'000, 'x'), count);
    HandOverMessage message;
    message.ticket = 1;
    message.sender = 1'000'000;
    say({message.header().data(), HandOverMessage::kHeaderSize}, count);
    message.sender = 0;
    message.place = 1'000'000;
    say({message.header().data(), HandOverMessage::kHeaderSize}, count);
    message.kind = HandOverMessage::Kind::kTaken;
    message.sender = kTo;
    say({message.header().data(), HandOverMessage::kHeaderSize}, count);
    message.place = 1;
    say({message.header().data(), HandOverMessage::kHeaderSize}, count);
  }
  EXPECT_EQ(receiver.adopted.size(), 0U);
  const UniqueFd after(::dup(ends[0]));
  EXPECT_EQ(after.get(), before.get() + 1) << "no descriptor was kept";
  ::close(ends[0]);
}

}  // namespace
}  // namespace alicorn
