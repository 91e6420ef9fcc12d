#include "workers/net/heirs.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>

namespace alicorn {
namespace {

class HeirsOfAWorker : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kOwn = 1, kGeneration = 3;

  void serves(std::uint32_t slot, std::uint32_t generation, std::uint64_t connections) {
    WorkerLoad& load = table.at(slot);
    load.generation = generation;
    load.openness = Openness::kFree;
    load.connections = connections;
    load.swept_us = to_us(time);
    load.reads_mail = 1;
  }
  std::optional<std::uint32_t> find(std::uint32_t more_for_slot_3 = 0) const {
    return heirs.find(time, [&](std::uint32_t slot) { return slot == 3 ? more_for_slot_3 : 0U; });
  }

  LoadTable table = LoadTable::create(6).value();
  Heirs heirs{table, kOwn, kGeneration};
  MonotonicTime time{std::chrono::hours(1)};
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
  EXPECT_EQ(find(3), 4U);
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
