#include "server/arbiter/spawn/zygote.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {
namespace {

using Kind = ZygoteMessage::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// The test plays the process at the other end.
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
  void become_ready() {
    say(Kind::kReady);
    EXPECT_THAT(hear(), IsEmpty());
    EXPECT_TRUE(zygote->is_ready());
  }
  void order(std::uint32_t slot) { zygote->ask_for(slot, UniqueFd(), time); }
  std::vector<ZygoteEvent> hear() { return zygote->hear(time); }
  /// The slots in the orders that have arrived.
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
  MonotonicTime time{std::chrono::hours(1)};
};

TEST_F(ZygoteHandle, OrdersWorkersOnceItIsReady) {
  order(3);
  order(5);
  EXPECT_THAT(orders(), IsEmpty());
  become_ready();
  EXPECT_THAT(orders(), ElementsAre(3, 5));
  order(4);
  EXPECT_THAT(orders(), ElementsAre(4));
}

TEST_F(ZygoteHandle, SendsTheBoardWithTheOrder) {
  become_ready();
  int pipe_ends[2];
  ASSERT_EQ(::pipe2(pipe_ends, O_CLOEXEC), 0);
  const UniqueFd read_end(pipe_ends[0]);
  zygote->ask_for(3, UniqueFd(pipe_ends[1]), time);
  ZygoteMessage message;
  pid_t sender = 0;
  UniqueFd board;
  EXPECT_EQ(receive_message(other_end.get(), message, sender, MSG_DONTWAIT, &board),
            Hearing::kMessage);
  ASSERT_TRUE(board);
  EXPECT_NE(::fcntl(board.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(::write(board.get(), "x", 1), 1);
  board.reset();
  char byte = 0;
  EXPECT_EQ(::read(read_end.get(), &byte, 1), 1);
  EXPECT_EQ(::read(read_end.get(), &byte, 1), 0) << "the master has kept none";
}

TEST_F(ZygoteHandle, TakesNoDescriptorsFromTheApp) {
  become_ready();
  order(3);
  int pipe_ends[2];
  ASSERT_EQ(::pipe2(pipe_ends, O_CLOEXEC), 0);
  const UniqueFd read_end(pipe_ends[0]);
  UniqueFd write_end(pipe_ends[1]);
  const auto spawned = ZygoteMessage::make(Kind::kSpawned, 3);
  EXPECT_TRUE(send_message(other_end.get(), spawned, 0, write_end.get()));
  EXPECT_THAT(hear(), IsEmpty());
  EXPECT_TRUE(zygote->is_mute());
  EXPECT_EQ(zygote->last_words(), "it sends open files, as no zygote does");
  write_end.reset();
  char byte = 0;
  EXPECT_EQ(::read(read_end.get(), &byte, 1), 0);
}

TEST_F(ZygoteHandle, TakesAWorkersPidFromTheKernelWhenItIsTheMastersChild) {
  become_ready();
  order(3);
  say(Kind::kSpawned, 3);
  EXPECT_THAT(hear(), IsEmpty()) << "its parent is another one yet";
  EXPECT_TRUE(zygote->awaits(3));
  say(Kind::kAdopted, 3);
  const auto events = hear();
  ASSERT_THAT(events, SizeIs(1));
  const auto& worker = std::get<WorkerForked>(events.front());
  EXPECT_EQ(worker.slot, 3U);
  EXPECT_EQ(worker.pid, ::getpid());
  EXPECT_EQ(worker.signal, 0);
  EXPECT_FALSE(zygote->awaits_any());
}

TEST_F(ZygoteHandle, KnowsTheWorkerThatEndsBeforeItIsTheMastersChild) {
  become_ready();
  order(3);
  say(Kind::kSpawned, 3);
  hear();
  EXPECT_FALSE(zygote->take_announced(4711));
  const auto worker = zygote->take_announced(::getpid());
  ASSERT_TRUE(worker);
  EXPECT_EQ(worker->slot, 3U);
  EXPECT_FALSE(zygote->awaits_any());
}

/// Only one of the slots can be the process's; the master judges which.
TEST_F(ZygoteHandle, NamesEachSlotThatTheProcessHasClaimed) {
  become_ready();
  order(2);
  order(3);
  say(Kind::kSpawned, 2);
  say(Kind::kSpawned, 3);
  EXPECT_THAT(hear(), IsEmpty());
  EXPECT_EQ(zygote->take_announced(::getpid()).value().slot, 2U);
  EXPECT_EQ(zygote->take_announced(::getpid()).value().slot, 3U);
  EXPECT_FALSE(zygote->take_announced(::getpid()));
  EXPECT_FALSE(zygote->awaits_any());
}

TEST_F(ZygoteHandle, BelievesNoWorkerThatItDidNotOrder) {
  order(3);
  say(Kind::kSpawned, 3);
  say(Kind::kAdopted, 3);
  say(Kind::kNotSpawned, 7, "why");
  EXPECT_THAT(hear(), IsEmpty());
  EXPECT_THAT(zygote->awaited(), ElementsAre(3));
}

/// The pid of an app's process that has ended: any process may have it since.
TEST_F(ZygoteHandle, GivesUpAWorkerThatWasAnnouncedAndDoesNotCome) {
  become_ready();
  order(3);
  order(4);
  say(Kind::kSpawned, 3);
  say(Kind::kNotSpawned, 4, "why");
  hear();
  EXPECT_EQ(zygote->next_deadline(), time + Zygote::kAdoptionTime);
  EXPECT_THAT(zygote->give_up_late(time + Zygote::kAdoptionTime - milliseconds(1)), IsEmpty());
  const auto events = zygote->give_up_late(time + Zygote::kAdoptionTime);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(std::get<WorkerNotForked>(events.front()).slot, 3U);
  EXPECT_FALSE(zygote->awaits_any());
  EXPECT_FALSE(zygote->is_mute()) << "the next order may do better";
  EXPECT_EQ(zygote->next_deadline(), std::nullopt);
}

TEST_F(ZygoteHandle, ThatAnswersNoOrderIsGivenUp) {
  order(3);
  EXPECT_EQ(zygote->next_deadline(), std::nullopt) << "it still loads the app";
  become_ready();
  EXPECT_EQ(zygote->next_deadline(), time + Zygote::kForkTime);
  zygote->give_up_late(time + Zygote::kForkTime - milliseconds(1));
  EXPECT_FALSE(zygote->is_mute());
  EXPECT_THAT(zygote->give_up_late(time + Zygote::kForkTime), IsEmpty());
  EXPECT_TRUE(zygote->is_mute());
  EXPECT_EQ(zygote->last_words(), "it does not answer orders");
  EXPECT_THAT(zygote->awaited(), ElementsAre(3)) << "its end gives them up";
  EXPECT_EQ(zygote->next_deadline(), std::nullopt);
}

TEST_F(ZygoteHandle, HasTimeForEachOfManyOrders) {
  become_ready();
  order(3);
  order(4);
  time += Zygote::kForkTime - milliseconds(1);
  say(Kind::kNotSpawned, 3, "why");
  hear();
  EXPECT_EQ(zygote->next_deadline(), time + Zygote::kForkTime);
}

TEST_F(ZygoteHandle, IsReadOnlySoFarInOneTurn) {
  become_ready();
  for (std::uint32_t slot = 0; slot < 5; ++slot) order(slot);
  for (std::uint32_t slot = 0; slot < 5; ++slot) say(Kind::kNotSpawned, slot, "why");
  EXPECT_THAT(zygote->hear(time, 3), SizeIs(3));
  EXPECT_THAT(zygote->hear(time, 3), SizeIs(2));
}

TEST_F(ZygoteHandle, IsMuteAfterTooMuchThatItDoesNotSay) {
  become_ready();
  order(3);
  for (std::size_t i = 0; i + 1 < Zygote::kNonsenseMax; ++i) {
    say(i % 2 == 0 ? Kind::kReady : Kind::kSpawn, 3);
    hear();
  }
  EXPECT_FALSE(zygote->is_mute());
  say(Kind::kNotSpawned, 7, "never ordered");
  hear();
  EXPECT_TRUE(zygote->is_mute());
  EXPECT_EQ(zygote->last_words(), "it sends messages that no zygote sends");
}

/// Messages that an app sends in a loop through the zygote's socket.
TEST_F(ZygoteHandle, GivesUpOnceAndIsNotBelievedLater) {
  for (std::size_t i = 0; i < Zygote::kNonsenseMax; ++i) {
    say(Kind::kGaveUp);
    hear();
  }
  EXPECT_FALSE(zygote->is_mute());
  say(Kind::kGaveUp);
  hear();
  EXPECT_TRUE(zygote->is_mute());
  EXPECT_EQ(zygote->last_words(), "it gives no reason");
}

TEST_F(ZygoteHandle, IsStuckWhenItIsThereAfterItWasKilled) {
  EXPECT_FALSE(zygote->is_stuck(time + std::chrono::hours(1)));
  zygote->dismiss();
  zygote->note_kill(time);
  zygote->note_kill(time + milliseconds(1));
  EXPECT_EQ(zygote->next_deadline(), time + kTimeAfterKill);
  EXPECT_FALSE(zygote->is_stuck(time + kTimeAfterKill - milliseconds(1)));
  EXPECT_TRUE(zygote->is_stuck(time + kTimeAfterKill));
}

TEST_F(ZygoteHandle, SaysWhyAWorkerDoesNotCome) {
  become_ready();
  order(0);
  say(Kind::kNotSpawned, 0, std::string(1000, 'x'));
  const auto events = hear();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(std::get<WorkerNotForked>(events.front()).reason, std::string(499, 'x'));
}

TEST_F(ZygoteHandle, TakesBackWhatWasNotOrderedYet) {
  order(3);
  EXPECT_TRUE(zygote->take_back(3, SIGTERM));
  become_ready();
  EXPECT_THAT(orders(), IsEmpty());
  order(4);
  EXPECT_FALSE(zygote->take_back(4, SIGTERM));
  zygote->reopen_logs(-1, -1);
  say(Kind::kSpawned, 4);
  say(Kind::kAdopted, 4);
  EXPECT_EQ(std::get<WorkerForked>(hear().at(0)).signal, SIGTERM);
}

TEST_F(ZygoteHandle, HasWorkersThatAreComingOpenTheirLogsAnew) {
  become_ready();
  order(4);
  zygote->reopen_logs(-1, -1);
  say(Kind::kSpawned, 4);
  say(Kind::kAdopted, 4);
  EXPECT_EQ(std::get<WorkerForked>(hear().at(0)).signal, SIGUSR1);
}

TEST_F(ZygoteHandle, OrdersNoMoreAtOnceThanASocketTakes) {
  for (std::uint32_t slot = 0; slot < 200; ++slot) order(slot);
  become_ready();
  std::size_t forked = 0;
  for (auto slots = orders(); !slots.empty(); slots = orders()) {
    EXPECT_LE(slots.size(), 16U);
    for (const std::uint32_t slot : slots) {
      say(Kind::kSpawned, slot);
      say(Kind::kAdopted, slot);
      forked += hear().size();
    }
  }
  EXPECT_EQ(forked, 200U);
}

TEST_F(ZygoteHandle, IsMuteAfterItsEndAndAfterNonsense) {
  say(Kind::kGaveUp, 0, "no database");
  EXPECT_EQ(::send(other_end.get(), "?", 1, 0), 1);
  EXPECT_THAT(hear(), IsEmpty());
  EXPECT_EQ(zygote->last_words(), "no database");
  EXPECT_TRUE(zygote->is_mute());
}

TEST_F(ZygoteHandle, HearsWhatWasSaidBeforeItsEndAndNothingLater) {
  become_ready();
  order(3);
  say(Kind::kSpawned, 3);
  say(Kind::kAdopted, 3);
  zygote->stop_listening();
  EXPECT_FALSE(send_message(other_end.get(), ZygoteMessage::make(Kind::kSpawned, 4)));
  EXPECT_THAT(hear(), SizeIs(1));
  EXPECT_TRUE(zygote->is_mute());
}

TEST(Zygotes, AreFoundByGenerationPidAndSlot) {
  Zygotes zygotes;
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd other_end(ends[1]);
  Zygote& zygote = zygotes.add(Zygote(2, 4711, UniqueFd(ends[0])));
  zygote.ask_for(6, UniqueFd(), now());
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
