#include "workers/connection/event_digest.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

constexpr std::uint64_t kSecond = 1'000'000, kStart = 3600 * kSecond;

TEST(EventDigest, LetsAFewThrough) {
  EventDigest digest;
  for (std::uint64_t i = 0; i < EventDigest::kBurst; ++i) EXPECT_TRUE(digest.note(400, kStart));
  EXPECT_FALSE(digest.note(400, kStart));
  EXPECT_FALSE(digest.look(kStart + kSecond / 2));
}

TEST(EventDigest, SumsUpAFloodOnceASecond) {
  EventDigest digest;
  int lines = 0;
  std::uint64_t told = 0, events = 0;
  for (std::uint64_t time = kStart; time < kStart + 10 * kSecond; time += kSecond / 100) {
    ++events;
    if (digest.note(400, time)) {
      ++lines;
      ++told;
    }
    if (const auto summary = digest.look(time)) {
      ++lines;
      told += summary->total;
    }
  }
  EXPECT_LE(lines, 15);
  EXPECT_GE(lines, 13);
  const auto rest = digest.look(kStart + 12 * kSecond);
  ASSERT_TRUE(rest);
  EXPECT_EQ(told + rest->total, events);
}

TEST(EventDigest, TellsKindsApart) {
  EventDigest digest;
  while (digest.note(400, kStart)) continue;
  for (int kind : {431, 400, 431, 414, 431, 501, 505, 408, 503, 413}) {
    EXPECT_FALSE(digest.note(kind, kStart));
  }
  const auto summary = digest.look(kStart + kSecond);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->total, 11U);
  EXPECT_EQ(summary->counts[0].kind, 400);
  EXPECT_EQ(summary->counts[0].events, 2U);
  EXPECT_EQ(summary->counts[1].kind, 431);
  EXPECT_EQ(summary->counts[1].events, 3U);
  EXPECT_EQ(summary->counts.back().kind, 0) << "the others";
  EXPECT_EQ(summary->counts.back().events, 3U);
}

TEST(EventDigest, LetsLinesThroughAgainWhenItIsQuiet) {
  EventDigest digest;
  while (digest.note(400, kStart)) continue;
  EXPECT_TRUE(digest.look(kStart + kSecond));
  EXPECT_FALSE(digest.look(kStart + 2 * kSecond));
  EXPECT_TRUE(digest.note(400, kStart + 3 * kSecond));
}

}  // namespace
}  // namespace alicorn
