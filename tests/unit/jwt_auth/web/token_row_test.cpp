#include "web/token_row.hpp"

#include <gtest/gtest.h>

namespace jwt_auth {
namespace {

Time time_of(std::int64_t count) {
  return Time(seconds(count));
}

TEST(TokenRow, HoldsWhatSimplejwtStores) {
  const OutstandingToken row =
      row_of(Settings{}, {{"exp", 1000}, {"iat", 100}, {"jti", "ab"}}, "text", 7, time_of(100));
  EXPECT_EQ(row.jti, "ab");
  EXPECT_EQ(row.token, "text");
  EXPECT_EQ(row.user_id, 7);
  EXPECT_EQ(row.created_at, time_of(100));
  EXPECT_EQ(row.expires_at, time_of(1000));
}

TEST(TokenRow, LastsForAsLongAsASlidingTokenMaySlide) {
  const Claims claims{{"exp", 1000}, {"jti", "ab"}, {"refresh_exp", 90'000}};
  EXPECT_EQ(row_of(Settings{}, claims, "text", 7, time_of(100)).expires_at, time_of(90'000));
}

TEST(TokenRow, IgnoresARefreshExpThatIsNotATime) {
  for (const boost::json::value& odd : {boost::json::value("x"), boost::json::value(nullptr),
                                        boost::json::value(std::int64_t{1} << 62)}) {
    const Claims claims{{"exp", 1000}, {"jti", "ab"}, {"refresh_exp", odd}};
    EXPECT_EQ(row_of(Settings{}, claims, "text", 7, time_of(100)).expires_at, time_of(1000));
  }
}

}  // namespace
}  // namespace jwt_auth
