#include "web/login_queue.hpp"

#include <gtest/gtest.h>

#include <new>
#include <string>
#include <vector>

namespace jwt_auth {
namespace {

class LoginQueueTest : public ::testing::Test {
 protected:
  /// Whether the login gets a place; `displaced` names the login it displaced.
  bool join(const std::string& network, std::string_view name) {
    return join(std::vector<std::string>{network}, name);
  }
  bool join(const std::vector<std::string>& networks, std::string_view name) {
    auto joined = queue.join(networks, [name] { return std::string(name); });
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

TEST_F(LoginQueueTest, ServesNetworksInTurn) {
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(join("1", name));
  EXPECT_TRUE(join("2", "d"));
  EXPECT_EQ(take_all(), "adbc");
}

TEST_F(LoginQueueTest, DisplacesTheLastOfTheLongestLine) {
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

TEST_F(LoginQueueTest, CountsACrowdedNetworkOnceHoweverManyPartsItHas) {
  EXPECT_TRUE(join({"a1", "a", "A"}, "1"));
  EXPECT_TRUE(join({"a2", "a", "A"}, "2"));
  EXPECT_TRUE(join({"a3", "a", "A"}, "3"));
  EXPECT_TRUE(join({"b1", "b", "A"}, "4"));
  EXPECT_TRUE(join("other", "5"));
  EXPECT_EQ(displaced, "3") << "the last of the larger part";
  EXPECT_TRUE(join({"c1", "c", "A"}, "6"));
  EXPECT_EQ(displaced, "2") << "of the widest one that is his, too";
  EXPECT_TRUE(join({"x1", "x", "X"}, "7"));
  EXPECT_EQ(displaced, "6");
  EXPECT_EQ(take_all(), "1574") << "by turns of the widest ones";
}

TEST_F(LoginQueueTest, DisplacesANeighbourInTheSameWiderNetwork) {
  for (const char* name : {"1", "2", "3", "4"}) EXPECT_TRUE(join({"a1", "a", "A"}, name));
  EXPECT_TRUE(join({"a2", "a", "A"}, "5"));
  EXPECT_EQ(displaced, "4");
  EXPECT_TRUE(join({"b1", "b", "A"}, "6"));
  EXPECT_EQ(displaced, "3");
  EXPECT_FALSE(join({"a1", "a", "A"}, "7"));
  EXPECT_EQ(take_all(), "1652");
}

/// Memory may run out.
TEST_F(LoginQueueTest, StaysUnchangedIfALoginCannotWait) {
  const auto fail = []() -> std::string { throw std::bad_alloc(); };
  EXPECT_THROW(queue.join({"new", "N"}, fail), std::bad_alloc);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.take(), std::nullopt);
  for (const char* name : {"a", "b", "c", "d"}) EXPECT_TRUE(join("1", name));
  EXPECT_THROW(queue.join({"new", "N"}, fail), std::bad_alloc);
  EXPECT_EQ(take_all(), "abcd");
}

}  // namespace
}  // namespace jwt_auth
