#include "workers/net/heirs.hpp"

#include "tests/unit/workers/net/serving_workers.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace alicorn {
namespace {

class HeirsOfAWorker : public test::ServingWorkers {
 protected:
  std::optional<std::uint32_t> find() const { return heirs.find(time, coming); }

  std::vector<std::uint32_t> coming = std::vector<std::uint32_t>(table.slots());
  Heirs heirs{table, kOwn, kGeneration};
};

TEST_F(HeirsOfAWorker, AreNeverItself) {
  serves(kOwn, kGeneration, 0);
  EXPECT_EQ(find(), std::nullopt);
}

TEST_F(HeirsOfAWorker, HaveFewConnectionsAndFewOnTheirWay) {
  serves(0, kGeneration, 5);
  serves(3, kGeneration, 2);
  serves(4, kGeneration, 4);
  EXPECT_EQ(find(), 3U);
  coming[3] = 3;
  EXPECT_EQ(find(), 4U);
  coming[4] = coming[0] = Heirs::kComingMax;
  EXPECT_EQ(find(), 3U);
}

TEST_F(HeirsOfAWorker, AreOfTheNewestGeneration) {
  serves(0, kGeneration - 1, 0);
  EXPECT_EQ(find(), std::nullopt) << "it leaves, too";
  serves(2, kGeneration, 1);
  EXPECT_EQ(find(), 2U);
  serves(3, kGeneration + 1, 9);
  serves(4, kGeneration, 0);
  EXPECT_EQ(find(), 3U);
}

TEST_F(HeirsOfAWorker, TakeClientsReadTheirMailAndDoNotStandStill) {
  serves(0, kGeneration, 5);
  table.at(0).openness = Openness::kClosed;
  EXPECT_EQ(find(), std::nullopt);
  serves(0, kGeneration, 5);
  table.at(0).reads_mail = 0;
  EXPECT_EQ(find(), std::nullopt);
  serves(0, kGeneration, 5);
  EXPECT_EQ(find(), 0U);
  time += std::chrono::seconds(2);
  EXPECT_EQ(find(), std::nullopt);
}

}  // namespace
}  // namespace alicorn
