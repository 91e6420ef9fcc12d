#include "web/login_queue.hpp"

#include <gtest/gtest.h>

#include <string>

namespace jwt_auth {
namespace {

class LoginQueueTest : public ::testing::Test {
 protected:
  /// Whether it has a place; whom it has displaced is in `displaced`.
  bool join(std::string_view network, std::string_view name) {
    auto joined = queue.join(network, [name] { return std::string(name); });
    displaced = joined.displaced.value_or("");
    return joined.has_place;
  }
  std::string take_all() {
    std::string names;
    while (auto name = queue.take()) names += *name;
    return names;
  }

  LoginQueue<std::string> queue{4};
  std::string displaced;
};

TEST_F(LoginQueueTest, KeepsTheOrderOfOneNetwork) {
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(join("1", name));
  EXPECT_EQ(take_all(), "abc");
  EXPECT_TRUE(queue.empty());
}

TEST_F(LoginQueueTest, ServesNetworksByTurns) {
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(join("1", name));
  EXPECT_TRUE(join("2", "d"));
  EXPECT_EQ(take_all(), "adbc");
}

TEST_F(LoginQueueTest, TakesANewcomerForTheLastOfTheLongestLine) {
  for (const char* name : {"a", "b", "c", "d"}) EXPECT_TRUE(join("1", name));
  EXPECT_TRUE(join("2", "e"));
  EXPECT_EQ(displaced, "d");
  EXPECT_TRUE(join("3", "f"));
  EXPECT_EQ(displaced, "c");
  EXPECT_EQ(take_all(), "aefb");
}

TEST_F(LoginQueueTest, RefusesANetworkThatHasItsShare) {
  for (const char* name : {"a", "b", "c", "d"}) EXPECT_TRUE(join("1", name));
  EXPECT_FALSE(join("1", "e"));
  EXPECT_TRUE(join("2", "f"));
  EXPECT_TRUE(join("2", "g"));
  EXPECT_EQ(displaced, "c");
  EXPECT_FALSE(join("2", "h"));
  EXPECT_FALSE(join("1", "i"));
  EXPECT_EQ(displaced, "");
}

}  // namespace
}  // namespace jwt_auth
