#include "base/rare_line.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

TEST(RareLine, IsDueEveryTenSeconds) {
  RareLine line;
  EXPECT_TRUE(line.is_due(5));
  EXPECT_FALSE(line.is_due(10'000'004));
  EXPECT_TRUE(line.is_due(10'000'005));
  EXPECT_FALSE(line.is_due(10'000'006));
}

TEST(RareLine, IsDueAtOnceAfterTheProblemWasOver) {
  RareLine line;
  EXPECT_TRUE(line.is_due(5));
  line.reset();
  EXPECT_TRUE(line.is_due(6));
}

}  // namespace
}  // namespace alicorn
