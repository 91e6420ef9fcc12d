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

/// Serves a request every `pause`. Returns the number of requests until the watch reports this
/// wish.
std::uint64_t serve_until(RecyclingWatch& watch, RecyclingWish wish, MonotonicTime time,
                          MonotonicTime::duration pause) {
  for (std::uint64_t served = 1;; ++served) {
    time += pause;
    if (watch.after_request() && watch.look_at_number(time) == wish) return served;
  }
}

TEST(RecyclingWatch, AsksForNothingByDefault) {
  RecyclingWatch watch({}, 1, kStart);
  for (int i = 0; i < 100'000; ++i) EXPECT_FALSE(watch.after_request());
  EXPECT_EQ(watch.look(kStart + 100'000h, no_trim), "");
}

TEST(RecyclingWatch, CountsRequestsWithJitter) {
  WorkerSettings settings;
  settings.requests_max = 100;
  settings.requests_jitter = 20;
  std::set<std::uint64_t> reached;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    RecyclingWatch watch(settings, seed, kStart);
    watch.note_ready(kStart);
    reached.insert(serve_until(watch, RecyclingWish::kAtNumber, kStart, 1h));
  }
  EXPECT_GE(*reached.begin(), 100U);
  EXPECT_LE(*reached.rbegin(), 120U);
  EXPECT_GT(reached.size(), 5U) << "not all at once";
}

TEST(RecyclingWatch, AsksEarlyForAReplacementThatStartsAsSlowlyAsItDid) {
  WorkerSettings settings;
  settings.requests_max = 1000;
  RecyclingWatch watch(settings, 1, kStart);
  watch.note_ready(kStart + 100ms);
  const std::uint64_t near = serve_until(watch, RecyclingWish::kNearNumber, kStart + 100ms, 1ms);
  EXPECT_GE(near, 850U);
  EXPECT_LE(near, 900U) << "100 ms before it has served them";
  EXPECT_EQ(serve_until(watch, RecyclingWish::kAtNumber, kStart + 2s, 1ms), 1000 - near);
}

TEST(RecyclingWatch, AsksAtItsFirstLookIfItServesItsNumberFasterThanItStarts) {
  WorkerSettings settings;
  settings.requests_max = 80;
  RecyclingWatch watch(settings, 1, kStart);
  watch.note_ready(kStart + 10s);
  EXPECT_EQ(serve_until(watch, RecyclingWish::kNearNumber, kStart + 10s, 1ms), 10U);
}

TEST(RecyclingWatch, AsksEarlyIfTheRateHasRisen) {
  WorkerSettings settings;
  settings.requests_max = 10'000;
  RecyclingWatch watch(settings, 1, kStart);
  watch.note_ready(kStart + 100ms);
  for (int i = 0; i < 5'000; ++i) {
    if (watch.after_request()) {
      EXPECT_EQ(watch.look_at_number(kStart + 100ms + i * 1s), RecyclingWish::kNone);
    }
  }
  EXPECT_LE(serve_until(watch, RecyclingWish::kNearNumber, kStart + 6'000s, 100us), 4'000U);
}

TEST(RecyclingWatch, LimitsTheIdleGraceByItsOwnLifetime) {
  WorkerSettings settings;
  settings.requests_max = 100;
  RecyclingWatch watch(settings, 1, kStart);
  watch.note_ready(kStart);
  EXPECT_EQ(watch.idle_grace(kStart + 300ms, 1s), 1s) << "it goes for another reason";
  serve_until(watch, RecyclingWish::kAtNumber, kStart, 1us);
  EXPECT_EQ(watch.idle_grace(kStart + 300ms, 1s), 150ms);
  EXPECT_EQ(watch.idle_grace(kStart + 1ms, 1s), 100ms);
  EXPECT_EQ(watch.idle_grace(kStart + 1h, 1s), 1s);
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

TEST(RecyclingWatch, NoticesASizeThatATrimDoesNotReduce) {
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
