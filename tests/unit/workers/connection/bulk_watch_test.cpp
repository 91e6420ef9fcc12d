#include "workers/connection/bulk_watch.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

constexpr std::uint64_t kStart = 3'600'000'000, kKiB = 1024;

/// Whether it was found to be bulk.
bool send(BulkWatch& watch, std::uint64_t bytes, std::uint64_t now_us) {
  return watch.note_sent(bytes) && watch.look(now_us);
}

TEST(BulkWatch, FindsADownloadOnceItHasSentTwiceTheLimit) {
  BulkWatch watch;
  EXPECT_FALSE(send(watch, 64 * kKiB, kStart)) << "a small response";
  EXPECT_FALSE(send(watch, 64 * kKiB, kStart + 1000));
  EXPECT_TRUE(send(watch, 65 * kKiB, kStart + 2000));
  EXPECT_FALSE(watch.is_over(kStart + 500'000));
}

TEST(BulkWatch, DoesNotMindAStreamHoweverLongItLasts) {
  BulkWatch watch;
  for (std::uint64_t second = 0; second < 10'000; ++second) {
    EXPECT_FALSE(send(watch, 4 * kKiB, kStart + second * 1'000'000)) << second;
  }
}

TEST(BulkWatch, IsOverAfterASecondOfLess) {
  BulkWatch watch;
  send(watch, 65 * kKiB, kStart);
  EXPECT_TRUE(send(watch, 65 * kKiB, kStart + 1000));
  EXPECT_FALSE(watch.is_over(kStart + 1'000'000));
  EXPECT_TRUE(watch.is_over(kStart + 1'100'000));
}

TEST(BulkWatch, CountsAnewForTheNextRequest) {
  BulkWatch watch;
  send(watch, 65 * kKiB, kStart);
  watch.note_sent(60 * kKiB);
  watch.next_request();
  EXPECT_FALSE(send(watch, 60 * kKiB, kStart + 1000));
}

}  // namespace
}  // namespace alicorn
