#include "workers/net/evenness.hpp"

#include "tests/unit/workers/net/serving_workers.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace alicorn {
namespace {

class ConnectionsOfWorkers : public test::ServingWorkers {
 protected:
  std::optional<Gift> find(std::uint64_t own) {
    serves(kOwn, kGeneration, own);
    return find_gift(table, queue, kOwn, time);
  }

  SharedQueue queue{table, table.slots(), kOwn, kGeneration};
};

TEST_F(ConnectionsOfWorkers, StayIfTheyAreAboutEven) {
  EXPECT_FALSE(find(1000)) << "it is alone";
  serves(2, kGeneration, 800);
  EXPECT_FALSE(find(1000)) << "a quarter more";
  EXPECT_FALSE(find(500));
  serves(2, kGeneration, 0);
  EXPECT_FALSE(find(8)) << "a handful";
}

TEST_F(ConnectionsOfWorkers, GoToTheOneThatHasFewest) {
  serves(0, kGeneration, 300);
  serves(2, kGeneration, 200);
  serves(3, kGeneration, 250);
  const auto gift = find(520);
  ASSERT_TRUE(gift);
  EXPECT_EQ(gift->slot, 2U);
  EXPECT_EQ(gift->connections, 11U) << "a sixteenth of the half of 320, and one";
}

TEST_F(ConnectionsOfWorkers, DoNotGoToAWorkerThatLeavesOrIsOfAnotherGeneration) {
  serves(2, kGeneration, 0);
  table.at(2).openness = Openness::kClosed;
  EXPECT_FALSE(find(100));
  serves(2, kGeneration + 1, 0);
  EXPECT_FALSE(find(100));
}

TEST_F(ConnectionsOfWorkers, AreEvenInTheEnd) {
  std::uint64_t own = 1000, other = 0;
  int sweeps = 0;
  for (; sweeps < 100; ++sweeps) {
    serves(2, kGeneration, other);
    const auto gift = find(own);
    if (!gift) break;
    own -= gift->connections;
    other += gift->connections;
  }
  EXPECT_LT(sweeps, 60);
  EXPECT_GE(own, other) << "they do not come back";
  EXPECT_LE(own, other + other / 4);
}

}  // namespace
}  // namespace alicorn
