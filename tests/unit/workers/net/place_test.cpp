#include "workers/net/place.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace alicorn {
namespace {

TEST(Places, EachHasAWorkerAndEachWorkerHasOne) {
  for (std::uint32_t places = 1; places <= 9; ++places) {
    for (std::uint32_t workers = 1; workers <= 9; ++workers) {
      std::uint32_t pairs = 0;
      for (std::uint32_t place = 0; place < places; ++place) {
        std::uint32_t here = 0;
        for (std::uint32_t worker = 0; worker < workers; ++worker) {
          here += is_place_of({place, places}, {worker, workers}) ? 1U : 0U;
        }
        EXPECT_GE(here, 1U) << place << " of " << places << ", " << workers << " workers";
        pairs += here;
      }
      EXPECT_EQ(pairs, std::max(places, workers)) << "and none has more than it must";
    }
  }
}

TEST(Places, AreNobodysIfNobodyServes) {
  EXPECT_FALSE(is_place_of({.index = 0, .count = 2}, {.index = 0, .count = 0}));
}

class OneOfTwoPlaces : public ::testing::Test {
 protected:
  bool look(const std::optional<Rank>& rank, int after_ms = 0) {
    time += milliseconds(after_ms);
    return watch.look(rank, time);
  }

  static constexpr Rank kFirst{.index = 0, .count = 2}, kSecond{.index = 1, .count = 2};
  MonotonicTime time{std::chrono::hours(1)};
  PlaceWatch watch{{.index = 0, .count = 2}};
};

TEST(PlaceWatch, ASharedSocketIsEverybodysFromTheStart) {
  PlaceWatch watch{Place{}};
  EXPECT_TRUE(watch.look(std::nullopt, MonotonicTime{}));
  EXPECT_TRUE(watch.look(Rank{.index = 3, .count = 4}, MonotonicTime{}));
}

TEST_F(OneOfTwoPlaces, IsGivenUpWhenTheOtherWorkerKnowsOfIt) {
  EXPECT_FALSE(look(kSecond)) << "it never was this worker's";
  EXPECT_TRUE(look(kFirst));
  EXPECT_TRUE(look(kSecond, 200));
  EXPECT_TRUE(look(kSecond, 200));
  EXPECT_FALSE(look(kSecond, 200));
  EXPECT_TRUE(look(kFirst));
}

TEST_F(OneOfTwoPlaces, StaysWithAWorkerThatLeaves) {
  EXPECT_FALSE(look(std::nullopt)) << "it does not serve yet";
  look(kFirst);
  for (int looks = 0; looks < 5; ++looks) EXPECT_TRUE(look(std::nullopt, 1'000));
}

}  // namespace
}  // namespace alicorn
