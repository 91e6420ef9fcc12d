#include "server/arbiter/zygote.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {
namespace {

using Kind = ZygoteMessage::Kind;
using ::testing::ElementsAre;

/// The test is the process at the other end.
class ZygoteHandle : public ::testing::Test {
 protected:
  ZygoteHandle() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    EXPECT_TRUE(tell_senders(ends[0]));
    zygote.emplace(1, 4711, UniqueFd(ends[0]));
    other_end.reset(ends[1]);
  }
  void say(Kind kind, std::uint32_t slot = 0, std::string_view text = {}) {
    EXPECT_TRUE(send_message(other_end.get(), ZygoteMessage::make(kind, slot, text)));
  }
  /// The slots of the orders that have arrived.
  std::vector<std::uint32_t> orders() {
    std::vector<std::uint32_t> slots;
    ZygoteMessage message;
    pid_t sender = 0;
    while (receive_message(other_end.get(), message, sender, MSG_DONTWAIT) == Hearing::kMessage) {
      if (message.kind == Kind::kSpawn) slots.push_back(message.slot);
    }
    return slots;
  }

  std::optional<Zygote> zygote;
  UniqueFd other_end;
};

TEST_F(ZygoteHandle, OrdersWorkersOnceItIsReady) {
  zygote->ask_for(3);
  zygote->ask_for(5);
  EXPECT_THAT(orders(), ElementsAre());
  say(Kind::kReady);
  EXPECT_FALSE(zygote->hear());
  EXPECT_TRUE(zygote->is_ready());
  EXPECT_THAT(orders(), ElementsAre(3, 5));
  zygote->ask_for(4);
  EXPECT_THAT(orders(), ElementsAre(4));
}

TEST_F(ZygoteHandle, TakesAWorkersPidFromTheKernel) {
  say(Kind::kReady);
  zygote->hear();
  zygote->ask_for(3);
  say(Kind::kSpawned, 3);
  const auto event = zygote->hear();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<WorkerForked>(*event).slot, 3U);
  EXPECT_EQ(std::get<WorkerForked>(*event).pid, ::getpid());
  EXPECT_EQ(std::get<WorkerForked>(*event).signal, 0);
  EXPECT_FALSE(zygote->awaits_any());
}

TEST_F(ZygoteHandle, BelievesNoWorkerThatItDidNotOrder) {
  zygote->ask_for(3);
  say(Kind::kSpawned, 3);
  say(Kind::kNotSpawned, 7, "why");
  EXPECT_FALSE(zygote->hear());
  EXPECT_THAT(zygote->awaited(), ElementsAre(3));
}

TEST_F(ZygoteHandle, SaysWhyAWorkerDoesNotCome) {
  say(Kind::kReady);
  zygote->hear();
  zygote->ask_for(0);
  say(Kind::kNotSpawned, 0, std::string(1000, 'x'));
  const auto event = zygote->hear();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<WorkerNotForked>(*event).reason, std::string(499, 'x'));
}

TEST_F(ZygoteHandle, TakesBackWhatWasNotOrderedYet) {
  zygote->ask_for(3);
  EXPECT_TRUE(zygote->take_back(3, SIGTERM));
  say(Kind::kReady);
  zygote->hear();
  EXPECT_THAT(orders(), ElementsAre());
  zygote->ask_for(4);
  EXPECT_FALSE(zygote->take_back(4, SIGTERM));
  zygote->reopen_logs();
  say(Kind::kSpawned, 4);
  EXPECT_EQ(std::get<WorkerForked>(zygote->hear().value()).signal, SIGTERM);
}

TEST_F(ZygoteHandle, HasWorkersThatAreComingOpenTheirLogsAnew) {
  say(Kind::kReady);
  zygote->hear();
  zygote->ask_for(4);
  zygote->reopen_logs();
  say(Kind::kSpawned, 4);
  EXPECT_EQ(std::get<WorkerForked>(zygote->hear().value()).signal, SIGUSR1);
}

TEST_F(ZygoteHandle, OrdersNoMoreAtOnceThanASocketTakes) {
  say(Kind::kReady);
  for (std::uint32_t slot = 0; slot < 200; ++slot) zygote->ask_for(slot);
  zygote->hear();
  std::size_t forked = 0;
  for (auto slots = orders(); !slots.empty(); slots = orders()) {
    EXPECT_LE(slots.size(), 16U);
    for (const std::uint32_t slot : slots) say(Kind::kSpawned, slot);
    while (zygote->hear()) ++forked;
  }
  EXPECT_EQ(forked, 200U);
}

TEST_F(ZygoteHandle, IsMuteAfterItsEndAndAfterNonsense) {
  say(Kind::kGaveUp, 0, "no database");
  EXPECT_EQ(::send(other_end.get(), "?", 1, 0), 1);
  EXPECT_FALSE(zygote->hear());
  EXPECT_EQ(zygote->last_words(), "no database");
  EXPECT_TRUE(zygote->is_mute());
}

TEST_F(ZygoteHandle, HearsWhatWasSaidBeforeItsEndAndNothingLater) {
  say(Kind::kReady);
  zygote->hear();
  zygote->ask_for(3);
  say(Kind::kSpawned, 3);
  zygote->stop_listening();
  EXPECT_FALSE(send_message(other_end.get(), ZygoteMessage::make(Kind::kSpawned, 4)));
  EXPECT_TRUE(zygote->hear());
  EXPECT_FALSE(zygote->hear());
  EXPECT_TRUE(zygote->is_mute());
}

TEST(Zygotes, AreFoundByGenerationPidAndSlot) {
  Zygotes zygotes;
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd other_end(ends[1]);
  Zygote& zygote = zygotes.add(Zygote(2, 4711, UniqueFd(ends[0])));
  zygote.ask_for(6);
  EXPECT_EQ(zygotes.of(1), nullptr);
  EXPECT_EQ(zygotes.of(2), &zygote);
  EXPECT_EQ(zygotes.awaiting(6), &zygote);
  EXPECT_EQ(zygotes.awaiting(5), nullptr);
  EXPECT_EQ(zygotes.with_pid(4711), &zygote);
  EXPECT_EQ(zygotes.watched().size(), 1U);
  zygote.dismiss();
  EXPECT_EQ(zygotes.of(2), nullptr) << "it takes no more orders";
  EXPECT_TRUE(zygotes.watched().empty());
  zygotes.remove(zygote);
  EXPECT_TRUE(zygotes.empty());
}

}  // namespace
}  // namespace alicorn
