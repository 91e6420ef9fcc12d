#include "workers/app/call_table_watch.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

constexpr std::uint64_t kSecond = 1'000'000;

TEST(CallTableWatch, SeesAFullTableFromWhichNothingComesBack) {
  CallTableWatch watch;
  EXPECT_FALSE(watch.look(true, 7, kSecond));
  EXPECT_FALSE(watch.look(true, 7, 2 * kSecond - 1));
  EXPECT_TRUE(watch.look(true, 7, 2 * kSecond));
  EXPECT_TRUE(watch.look(true, 7, 9 * kSecond)) << "it stays so";
}

TEST(CallTableWatch, SaysNothingWhileCallsComeBack) {
  CallTableWatch watch;
  for (std::uint64_t i = 1; i < 10; ++i) EXPECT_FALSE(watch.look(true, i, i * 2 * kSecond));
}

TEST(CallTableWatch, SaysNothingOfATableWithRoom) {
  CallTableWatch watch;
  for (std::uint64_t i = 1; i < 10; ++i) EXPECT_FALSE(watch.look(false, 0, i * 2 * kSecond));
}

TEST(CallTableWatch, IsNewsOnceUntilThereWasRoom) {
  CallTableWatch watch;
  EXPECT_FALSE(watch.look(true, 0, kSecond));
  EXPECT_TRUE(watch.look(true, 0, 2 * kSecond));
  EXPECT_TRUE(watch.is_news());
  EXPECT_FALSE(watch.is_news());
  EXPECT_FALSE(watch.look(false, 1, 3 * kSecond));
  EXPECT_FALSE(watch.look(true, 1, 4 * kSecond));
  EXPECT_TRUE(watch.look(true, 1, 5 * kSecond));
  EXPECT_TRUE(watch.is_news());
}

TEST(CallTableWatch, TakesAConsiderablePartForAReason) {
  EXPECT_FALSE(CallTableWatch::is_worth_replacing(1023, 8192));
  EXPECT_TRUE(CallTableWatch::is_worth_replacing(1024, 8192));
  EXPECT_FALSE(CallTableWatch::is_worth_replacing(0, 4));
  EXPECT_TRUE(CallTableWatch::is_worth_replacing(1, 4));
}

}  // namespace
}  // namespace alicorn
