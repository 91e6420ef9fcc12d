// Phases, deadlines and what is spared, with a clock of the test's own.
#include "workers/connection/phase_clock.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

using Phase = PhaseClock::Phase;
using Expired = PhaseClock::Expired;
constexpr std::uint64_t kSecond = 1'000'000;
constexpr Phase kEach[] = {Phase::kIdle, Phase::kHead, Phase::kBody, Phase::kApp, Phase::kClosing};

PhaseClock in(Phase phase, milliseconds limit = milliseconds(2'000)) {
  PhaseClock clock;
  clock.set_now(100 * kSecond);
  clock.enter(phase, limit);
  return clock;
}

TEST(PhaseClock, EachPhaseHasItsTimeFromItsBegin) {
  for (const Phase phase : kEach) {
    const PhaseClock clock = in(phase);
    EXPECT_TRUE(clock.is_in(phase));
    EXPECT_FALSE(clock.is_over(102 * kSecond - 1));
    EXPECT_TRUE(clock.is_over(102 * kSecond));
  }
}

TEST(PhaseClock, WithoutALimitThereIsNoEnd) {
  const PhaseClock clock = in(Phase::kApp, milliseconds(0));
  EXPECT_FALSE(clock.is_over(1'000'000 * kSecond));
}

TEST(PhaseClock, ATimeIsOnlyMadeShorter) {
  PhaseClock clock = in(Phase::kIdle);
  clock.shorten(101 * kSecond);
  clock.shorten(103 * kSecond);
  EXPECT_TRUE(clock.is_over(101 * kSecond));
  PhaseClock endless = in(Phase::kIdle, milliseconds(0));
  endless.shorten(101 * kSecond);
  EXPECT_TRUE(endless.is_over(101 * kSecond));
}

TEST(PhaseClock, ExpiresOnceUntilItIsForgiven) {
  for (const Expired why : {Expired::kDeadline, Expired::kMemory}) {
    PhaseClock clock = in(Phase::kBody);
    EXPECT_FALSE(clock.is_expired());
    clock.expire(why);
    EXPECT_EQ(clock.expired(), why);
    EXPECT_FALSE(clock.is_over(200 * kSecond)) << "said once";
    clock.enter(Phase::kApp, milliseconds(0));
    EXPECT_TRUE(clock.is_expired()) << "a phase that begins does not undo it";
    clock.forgive();
    EXPECT_FALSE(clock.is_expired());
  }
}

TEST(PhaseClock, SparesAnIdleClientThatHasSentSomethingOnceInEachIdleTime) {
  PhaseClock clock = in(Phase::kIdle);
  const auto has_unread = [] { return true; };
  const auto has_nothing = [] { return false; };
  EXPECT_TRUE(clock.spare(has_unread));
  EXPECT_FALSE(clock.spare(has_unread));
  clock.enter(Phase::kIdle, milliseconds(0));
  EXPECT_FALSE(clock.spare(has_nothing));
  EXPECT_FALSE(clock.spare(has_unread)) << "the look counts, whatever it found";
}

TEST(PhaseClock, SparesNobodyInAnotherPhaseAndDoesNotEvenLook) {
  for (const Phase phase : {Phase::kHead, Phase::kBody, Phase::kApp, Phase::kClosing}) {
    PhaseClock clock = in(phase);
    bool has_looked = false;
    EXPECT_FALSE(clock.spare([&] { return has_looked = true; }));
    EXPECT_FALSE(has_looked);
  }
}

TEST(PhaseClock, RemembersSinceWhenItIsIdle) {
  PhaseClock clock = in(Phase::kIdle);
  clock.set_now(105 * kSecond);
  EXPECT_EQ(clock.idle_since_us(), 100 * kSecond);
  clock.enter(Phase::kIdle, milliseconds(0));
  EXPECT_EQ(clock.idle_since_us(), 105 * kSecond);
}

}  // namespace
}  // namespace alicorn
