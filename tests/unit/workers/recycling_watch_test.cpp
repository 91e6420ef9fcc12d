#include "workers/recycling_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace alicorn {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
using testing::StartsWith;

constexpr MonotonicTime kStart{1h};
const auto no_trim = [] {};

TEST(RecyclingWatch, AsksForNothingByDefault) {
  RecyclingWatch watch({}, 1, kStart);
  for (int i = 0; i < 100'000; ++i) EXPECT_EQ(watch.after_request(), "");
  EXPECT_EQ(watch.look(kStart + 100'000h, no_trim), "");
}

TEST(RecyclingWatch, CountsRequestsWithJitter) {
  WorkerSettings settings;
  settings.requests_max = 100;
  settings.requests_jitter = 20;
  std::set<std::uint64_t> reached;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    RecyclingWatch watch(settings, seed, kStart);
    std::uint64_t served = 1;
    while (watch.after_request().empty()) ++served;
    EXPECT_EQ(watch.after_request(), "max_requests");
    reached.insert(served);
  }
  EXPECT_GE(*reached.begin(), 100U);
  EXPECT_LE(*reached.rbegin(), 120U);
  EXPECT_GT(reached.size(), 5U) << "not all at once";
}

TEST(RecyclingWatch, NoticesAnAgeUpToATenthEarlier) {
  WorkerSettings settings;
  settings.age_max = 1000s;
  std::set<MonotonicTime> reached;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    RecyclingWatch watch(settings, seed, kStart);
    MonotonicTime time = kStart + 899s;
    EXPECT_EQ(watch.look(time, no_trim), "");
    std::string reason;
    while (reason.empty()) reason = watch.look(time += 1s, no_trim);
    EXPECT_EQ(reason, "max_worker_age");
    reached.insert(time);
  }
  EXPECT_LE(*reached.rbegin(), kStart + 1000s);
  EXPECT_GT(reached.size(), 20U) << "not all at once";
}

TEST(RecyclingWatch, NoticesASizeThatATrimDoesNotMend) {
  WorkerSettings settings;
  settings.rss_max = 1ULL << 40;
  int trims = 0;
  const auto trim = [&] { ++trims; };
  RecyclingWatch large(settings, 1, kStart);
  EXPECT_EQ(large.look(kStart, trim), "");
  EXPECT_EQ(large.look(kStart + 1s, trim), "");
  EXPECT_EQ(trims, 0);
  settings.rss_max = 1;
  RecyclingWatch small(settings, 1, kStart);
  EXPECT_EQ(small.look(kStart, trim), "");
  EXPECT_EQ(trims, 1);
  EXPECT_EQ(small.look(kStart + 999ms, trim), "") << "it looks once a second";
  EXPECT_THAT(small.look(kStart + 1s, trim), StartsWith("max_worker_rss: "));
  EXPECT_EQ(trims, 1);
}

}  // namespace
}  // namespace alicorn
