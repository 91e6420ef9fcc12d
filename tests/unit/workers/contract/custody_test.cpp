#include "workers/contract/custody.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

TEST(Custody, PassesToTheFirstWhoClaims) {
  Custody custody;
  const Custody::Ticket ticket = custody.offer();
  EXPECT_FALSE(custody.is_free());
  EXPECT_FALSE(custody.is_claimed(ticket));
  EXPECT_TRUE(custody.claim(ticket));
  EXPECT_TRUE(custody.is_claimed(ticket));
  EXPECT_TRUE(custody.is_free());
  EXPECT_FALSE(custody.claim(ticket)) << "a message that is read twice";
  EXPECT_FALSE(custody.withdraw(ticket));
}

TEST(Custody, CannotBeClaimedAfterItWasWithdrawn) {
  Custody custody;
  const Custody::Ticket ticket = custody.offer();
  EXPECT_TRUE(custody.withdraw(ticket));
  EXPECT_TRUE(custody.is_free());
  EXPECT_FALSE(custody.claim(ticket));
  EXPECT_FALSE(custody.is_claimed(ticket));
}

TEST(Custody, OfANextHandOverIsNotThatOfTheLast) {
  Custody custody;
  const Custody::Ticket last = custody.offer();
  EXPECT_TRUE(custody.withdraw(last));
  const Custody::Ticket next = custody.offer();
  EXPECT_NE(next, last);
  EXPECT_FALSE(custody.claim(last)) << "a message that was late";
  EXPECT_FALSE(custody.withdraw(last));
  EXPECT_TRUE(custody.claim(next));
  EXPECT_FALSE(custody.is_claimed(last));
}

}  // namespace
}  // namespace alicorn
