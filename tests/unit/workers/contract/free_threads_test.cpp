#include "workers/contract/free_threads.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

TEST(FreeThreads, AreClaimedOnce) {
  FreeThreads threads;
  EXPECT_FALSE(threads.claim());
  threads.publish(2);
  EXPECT_TRUE(threads.claim());
  EXPECT_TRUE(threads.claim());
  EXPECT_FALSE(threads.has_unclaimed());
  EXPECT_FALSE(threads.claim());
  threads.give_back();
  EXPECT_TRUE(threads.claim());
}

TEST(FreeThreads, StayClaimedUntilTheRequestHasCome) {
  FreeThreads threads;
  threads.publish(1);
  EXPECT_TRUE(threads.claim());
  threads.publish(1);
  EXPECT_FALSE(threads.claim()) << "the request is on its way";
  threads.note_arrival();
  threads.publish(0);
  EXPECT_FALSE(threads.claim()) << "it runs";
  threads.publish(1);
  EXPECT_TRUE(threads.claim());
}

TEST(FreeThreads, CanForgetAClaimThatNothingHasFollowed) {
  FreeThreads threads;
  threads.publish(1);
  EXPECT_TRUE(threads.claim());
  EXPECT_EQ(threads.open_claims(), 1U);
  threads.forget_claims(threads.open_claims());
  EXPECT_EQ(threads.open_claims(), 0U);
  EXPECT_TRUE(threads.claim());
}

/// More has come than was claimed: a hostile sibling, or a claim that was forgotten too early.
TEST(FreeThreads, AreNotLostByAnArrivalTooMany) {
  FreeThreads threads;
  threads.publish(1);
  threads.note_arrival();
  threads.forget_claims(threads.open_claims());
  EXPECT_TRUE(threads.claim());
}

}  // namespace
}  // namespace alicorn
