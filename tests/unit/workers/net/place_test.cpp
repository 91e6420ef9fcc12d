#include "workers/net/place.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

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

TEST(PlaceWatch, ASharedSocketIsEverybodysFromTheStart) {
  PlaceWatch watch{Place{}};
  EXPECT_TRUE(watch.look(std::nullopt));
  EXPECT_TRUE(watch.look(Rank{.index = 3, .count = 4}));
}

TEST(PlaceWatch, GivesAPlaceUpWhenTheOtherWorkerKnowsOfIt) {
  PlaceWatch watch({.index = 0, .count = 2});
  const Rank first{.index = 0, .count = 2}, second{.index = 1, .count = 2};
  EXPECT_FALSE(watch.look(second)) << "it never was this worker's";
  EXPECT_TRUE(watch.look(first));
  EXPECT_TRUE(watch.look(second));
  EXPECT_FALSE(watch.look(second));
  EXPECT_TRUE(watch.look(first));
}

TEST(PlaceWatch, AWorkerThatTakesNoClientsStaysWhereItIs) {
  PlaceWatch watch({.index = 0, .count = 2});
  EXPECT_FALSE(watch.look(std::nullopt));
  watch.look(Rank{.index = 0, .count = 2});
  for (int looks = 0; looks < 5; ++looks) EXPECT_TRUE(watch.look(std::nullopt));
}

}  // namespace
}  // namespace alicorn
