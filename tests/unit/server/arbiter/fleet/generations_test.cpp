#include "server/arbiter/fleet/generations.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

std::shared_ptr<Listener> listener() {
  return std::make_shared<Listener>();
}

TEST(Generations, CountFromOne) {
  Generations generations;
  EXPECT_EQ(generations.add({}), 1U);
  EXPECT_EQ(generations.add({}), 2U);
}

TEST(Generations, ShareListenersAndCountEachOnce) {
  Generations generations;
  const auto kept = listener(), removed = listener(), added = listener();
  generations.add({Config{}, {kept, removed}});
  generations.add({Config{}, {kept, added}});
  EXPECT_EQ(generations.all_listeners(), (Listeners{kept, removed, added}));
  EXPECT_EQ(generations.listeners_not_of(2), Listeners{removed});
}

TEST(Generations, GiveBackWhatOnlyADroppedOneUsed) {
  Generations generations;
  const auto kept = listener(), removed = listener();
  generations.add({Config{}, {kept, removed}});
  generations.add({Config{}, {kept}});
  EXPECT_EQ(generations.drop_unless([](std::uint32_t) { return true; }), Listeners{});
  EXPECT_EQ(generations.drop_unless([](std::uint32_t number) { return number == 2; }),
            Listeners{removed});
  EXPECT_EQ(generations.all_listeners(), Listeners{kept});
  EXPECT_EQ(generations.add({}), 3U);  // a number is never reused
}

}  // namespace
}  // namespace alicorn
