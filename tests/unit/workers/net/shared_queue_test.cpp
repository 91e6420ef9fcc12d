#include "workers/net/shared_queue.hpp"

#include "tests/unit/workers/net/serving_workers.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace alicorn {
namespace {

class QueueOfAllWorkers : public test::ServingWorkers {
 protected:
  QueueOfAllWorkers() {
    time += std::chrono::hours(1);
    serves(kOwn, kGeneration, 1);
  }

  void has_free_threads(std::uint32_t slot, std::uint32_t threads, std::uint64_t connections) {
    serves(slot, kGeneration, connections);
    table.at(slot).free_threads.publish(threads);
  }
  void waits(std::uint32_t slot, int ms) {
    serves(slot, kGeneration, 1);
    table.at(slot).waits_since_us = since(ms);
  }
  std::uint64_t since(int ms) const { return to_us(time - milliseconds(ms)); }

  const std::vector<bool> nobody;  // had nothing
  SharedQueue queue{table, table.slots(), kOwn, kGeneration};
};

TEST_F(QueueOfAllWorkers, ClaimsEachFreeThreadOnce) {
  has_free_threads(kOwn, 5, 0);
  EXPECT_EQ(queue.claim_thread(time), std::nullopt) << "not of its own";
  has_free_threads(2, 2, 7);
  has_free_threads(3, 1, 4);
  EXPECT_EQ(queue.claim_thread(time), 3U) << "has the fewest connections";
  EXPECT_EQ(queue.claim_thread(time), 2U);
  EXPECT_EQ(queue.claim_thread(time), 2U);
  EXPECT_EQ(queue.claim_thread(time), std::nullopt);
  queue.give_claim_back(3);
  EXPECT_EQ(queue.claim_thread(time), 3U);
}

TEST_F(QueueOfAllWorkers, GivesOnlyToSiblingsThatServe) {
  has_free_threads(2, 1, 0);
  table.at(2).openness = Openness::kClosed;
  EXPECT_EQ(queue.claim_thread(time), std::nullopt);
  has_free_threads(2, 1, 0);
  table.at(2).reads_mail = 0;
  EXPECT_EQ(queue.claim_thread(time), std::nullopt);
  has_free_threads(2, 1, 0);
  time += std::chrono::seconds(2);
  EXPECT_EQ(queue.claim_thread(time), std::nullopt) << "its loop stands still";
  EXPECT_FALSE(queue.may_give_to(2, time));
  EXPECT_FALSE(queue.may_give_to(table.slots(), time));
  EXPECT_FALSE(queue.may_give_to(kOwn, time));
}

TEST_F(QueueOfAllWorkers, GivesToThoseThatReplaceItOnceItLeaves) {
  has_free_threads(2, 1, 0);
  table.at(2).generation = kGeneration + 1;
  EXPECT_FALSE(queue.may_give_to(2, time)) << "other settings may hold there";
  queue.begin_to_leave();
  EXPECT_TRUE(queue.may_give_to(2, time));
  EXPECT_EQ(queue.claim_thread(time), 2U);
  table.at(2).generation = kGeneration - 1;
  EXPECT_FALSE(queue.may_give_to(2, time));
}

TEST_F(QueueOfAllWorkers, FindsTheLongestWait) {
  EXPECT_EQ(queue.find_longest_wait(0, time, nobody), std::nullopt);
  waits(2, 3);
  waits(3, 8);
  waits(4, 5);
  EXPECT_EQ(queue.find_longest_wait(0, time, nobody), 3U);
  table.at(3).reads_mail = 0;
  EXPECT_EQ(queue.find_longest_wait(0, time, nobody), 4U);
  waits(kOwn, 100);
  EXPECT_EQ(queue.find_longest_wait(0, time, nobody), 4U);
}

TEST_F(QueueOfAllWorkers, AsksNobodyWhoWouldGiveNothing) {
  waits(2, 8);
  waits(3, 5);
  EXPECT_EQ(queue.find_longest_wait(0, time, {false, false, true}), 3U) << "had nothing";
  for (const std::uint32_t generation : {kGeneration - 1, kGeneration + 1}) {
    table.at(2).generation = generation;
    EXPECT_EQ(queue.find_longest_wait(0, time, nobody), 3U);
  }
  table.at(kOwn).openness = Openness::kClosed;
  EXPECT_EQ(queue.find_longest_wait(0, time, nobody), std::nullopt) << "it is full";
  table.at(kOwn).openness = Openness::kFree;
  table.at(kOwn).generation = 0;
  EXPECT_EQ(queue.find_longest_wait(0, time, nobody), std::nullopt) << "it leaves";
  table.at(kOwn).generation = kGeneration;
  EXPECT_EQ(queue.find_longest_wait(0, time, nobody), 3U);
  queue.begin_to_leave();
  EXPECT_EQ(queue.find_longest_wait(0, time, nobody), std::nullopt);
}

TEST_F(QueueOfAllWorkers, FetchesNothingThatHasWaitedAboutAsLongAsItsOwn) {
  waits(2, 12);
  EXPECT_EQ(queue.find_longest_wait(since(10), time, nobody), std::nullopt);
  waits(2, 13);
  EXPECT_EQ(queue.find_longest_wait(since(10), time, nobody), 2U);
  table.at(2).waits_since_us = since(-1);
  EXPECT_EQ(queue.find_longest_wait(0, time, nobody), std::nullopt) << "nonsense";
}

/// The loop of a worker whose threads all hang still answers, though it takes no clients.
TEST_F(QueueOfAllWorkers, FetchesFromAWorkerThatTakesNoClients) {
  waits(2, 5);
  table.at(2).openness = Openness::kClosed;
  table.at(2).generation = 0;
  EXPECT_EQ(queue.find_longest_wait(0, time, nobody), 2U);
}

TEST_F(QueueOfAllWorkers, ForgetsAClaimThatNothingFollows) {
  serves(kOwn, kGeneration, 1);
  queue.publish_free_threads(1);
  SharedQueue sibling{table, table.slots(), 2, kGeneration};
  EXPECT_EQ(sibling.claim_thread(time), kOwn);
  queue.sweep();
  EXPECT_EQ(sibling.claim_thread(time), std::nullopt) << "the message may be on its way";
  queue.sweep();
  EXPECT_EQ(sibling.claim_thread(time), kOwn);
  queue.sweep();
  queue.note_arrival();
  queue.sweep();
  EXPECT_EQ(sibling.claim_thread(time), kOwn);
}

TEST_F(QueueOfAllWorkers, ForgetsItAlsoIfOthersAreFollowed) {
  queue.publish_free_threads(2);
  SharedQueue sibling{table, table.slots(), 2, kGeneration};
  EXPECT_EQ(sibling.claim_thread(time), kOwn) << "and dies";
  queue.sweep();
  EXPECT_EQ(sibling.claim_thread(time), kOwn);
  queue.note_arrival();
  EXPECT_EQ(sibling.claim_thread(time), kOwn);
  queue.sweep();
  queue.note_arrival();
  EXPECT_EQ(sibling.claim_thread(time), kOwn);
  EXPECT_EQ(sibling.claim_thread(time), kOwn);
  EXPECT_EQ(sibling.claim_thread(time), std::nullopt);
}

TEST_F(QueueOfAllWorkers, ShowsItsOwnWait) {
  SharedQueue sibling{table, table.slots(), 2, kGeneration};
  serves(2, kGeneration, 1);
  queue.publish_wait(since(5));
  EXPECT_EQ(sibling.find_longest_wait(0, time, nobody), kOwn);
  queue.publish_wait(0);
  EXPECT_EQ(sibling.find_longest_wait(0, time, nobody), std::nullopt);
}

}  // namespace
}  // namespace alicorn
