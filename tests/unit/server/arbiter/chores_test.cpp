#include "server/arbiter/chores.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

using Kind = Chores::Kind;

TEST(Chores, AreDoneInTheOrderInWhichTheyWereAskedFor) {
  Chores chores;
  EXPECT_EQ(chores.begin(), std::nullopt);
  chores.ask(Kind::kReload);
  chores.ask(Kind::kReopenLogs);
  EXPECT_EQ(chores.begin(), Kind::kReload);
  EXPECT_EQ(chores.begin(), std::nullopt) << "one at a time";
  chores.end();
  EXPECT_EQ(chores.begin(), Kind::kReopenLogs);
  chores.end();
  EXPECT_EQ(chores.begin(), std::nullopt);
}

TEST(Chores, AskedForTwiceAreDoneOnceUnlessTheyHaveBegun) {
  Chores chores;
  chores.ask(Kind::kReload, Chores::Asker{.client = 1, .waits_for_workers = false});
  chores.ask(Kind::kReload);
  chores.ask(Kind::kReload, Chores::Asker{.client = 2, .waits_for_workers = true});
  EXPECT_EQ(chores.begin(), Kind::kReload);
  chores.ask(Kind::kReload, Chores::Asker{.client = 3, .waits_for_workers = false});
  const auto all = [](std::uint64_t) { return true; };
  EXPECT_EQ(chores.askers(all), 3U);
  EXPECT_EQ(chores.askers([](std::uint64_t client) { return client != 1; }), 2U)
      << "one that is gone takes up no room";
  EXPECT_EQ(chores.end().size(), 2U);
  EXPECT_EQ(chores.begin(), Kind::kReload);
  ASSERT_EQ(chores.askers(all), 1U);
  EXPECT_EQ(chores.end().front().client, 3U);
}

}  // namespace
}  // namespace alicorn
