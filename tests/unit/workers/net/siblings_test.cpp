#include "workers/net/siblings.hpp"

#include "tests/unit/workers/net/serving_workers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alicorn {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

class SiblingsOfAWorker : public test::ServingWorkers {
 protected:
  Siblings siblings{table, kOwn, kGeneration};
};

TEST_F(SiblingsOfAWorker, AreThoseOfItsGenerationThatServe) {
  EXPECT_THAT(siblings.loads(Place{}, time), IsEmpty());
  time += std::chrono::seconds(1);
  serves(0, kGeneration, 5);
  serves(kOwn, kGeneration, 6);
  serves(2, kGeneration - 1, 7);
  serves(3, kGeneration, 8);
  EXPECT_THAT(siblings.loads(Place{}, time),
              ElementsAre(Field(&AcceptLoad::connections, 5), Field(&AcceptLoad::connections, 8)));
}

TEST_F(SiblingsOfAWorker, AreGoneWhenTheyLeaveOrTheirLoopStandsStill) {
  serves(0, kGeneration, 5);
  serves(3, kGeneration, 8);
  table.at(0).clear();
  EXPECT_THAT(siblings.loads(Place{}, time), ElementsAre(Field(&AcceptLoad::connections, 8)));
  time += std::chrono::seconds(2);
  EXPECT_THAT(siblings.loads(Place{}, time), IsEmpty());
}

TEST_F(SiblingsOfAWorker, SeeTheWorkerWhileItServes) {
  Siblings of_another{table, 0, kGeneration};
  serves(kOwn, 0, 2);
  EXPECT_THAT(of_another.loads(Place{}, time), IsEmpty());
  siblings.begin_to_serve();
  time += std::chrono::milliseconds(100);
  EXPECT_THAT(of_another.loads(Place{}, time), ElementsAre(Field(&AcceptLoad::connections, 2)));
  siblings.begin_to_leave();
  time += std::chrono::milliseconds(100);
  EXPECT_THAT(of_another.loads(Place{}, time), IsEmpty());
}

TEST_F(SiblingsOfAWorker, AWorkersRankCountsThoseThatServe) {
  const auto rank = [this] {
    const Rank found = siblings.rank(time);
    return std::pair(found.index, found.count);
  };
  EXPECT_EQ(rank(), std::pair(0U, 1U));
  serves(0, kGeneration, 0);
  serves(3, kGeneration, 0);
  EXPECT_EQ(rank(), std::pair(1U, 3U));
  table.at(0).openness = Openness::kClosed;
  EXPECT_EQ(rank(), std::pair(1U, 3U)) << "a full worker keeps its socket";
  table.at(0).clear();
  EXPECT_EQ(rank(), std::pair(0U, 2U));
}

TEST_F(SiblingsOfAWorker, AtOneOfSeveralSocketsAreThoseThatShareIt) {
  for (const std::uint32_t slot : {0U, kOwn, 2U}) serves(slot, kGeneration, slot);
  time += std::chrono::milliseconds(100);
  EXPECT_THAT(siblings.loads({.index = 1, .count = 3}, time), IsEmpty());
  EXPECT_THAT(siblings.loads({.index = 0, .count = 2}, time),
              ElementsAre(Field(&AcceptLoad::connections, 0), Field(&AcceptLoad::connections, 2)));
}

}  // namespace
}  // namespace alicorn
