#include "web/line_limit.hpp"

#include <gtest/gtest.h>

namespace jwt_auth {
namespace {

using std::chrono::milliseconds;

TEST(LineLimit, GivesOneLineASecondAndCountsTheOthers) {
  LineLimit limit;
  const std::chrono::steady_clock::time_point start{milliseconds(5)};
  EXPECT_EQ(limit.note(start), 0U);
  for (int i = 1; i < 8; ++i) EXPECT_EQ(limit.note(start + milliseconds(100 * i)), std::nullopt);
  EXPECT_EQ(limit.note(start + milliseconds(1'000)), 7U);
  EXPECT_EQ(limit.note(start + milliseconds(3'000)), 0U);
}

}  // namespace
}  // namespace jwt_auth
