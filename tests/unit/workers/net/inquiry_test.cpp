#include "workers/net/inquiry.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace alicorn {
namespace {

using Answer = Inquiry::Answer;

class WhoIsAsked : public ::testing::Test {
 protected:
  Inquiry inquiry{4};
  MonotonicTime time{std::chrono::hours(1)};
};

TEST_F(WhoIsAsked, IsOneAtATime) {
  EXPECT_TRUE(inquiry.may_ask(time));
  EXPECT_EQ(inquiry.ask(2, time), time + milliseconds(2));
  EXPECT_FALSE(inquiry.may_ask(time));
  EXPECT_FALSE(inquiry.note_answer(3, Answer::kNothing)) << "was not asked";
  EXPECT_TRUE(inquiry.note_answer(2, Answer::kComes));
  EXPECT_FALSE(inquiry.note_answer(2, Answer::kComes)) << "once";
  EXPECT_TRUE(inquiry.may_ask(time + milliseconds(50)));
}

TEST_F(WhoIsAsked, IsNotTheOneThatHadNothing) {
  inquiry.ask(2, time);
  inquiry.note_answer(2, Answer::kNothing);
  EXPECT_TRUE(inquiry.had_nothing()[2]);
  EXPECT_FALSE(inquiry.had_nothing()[3]);
  inquiry.begin_anew();
  EXPECT_FALSE(inquiry.had_nothing()[2]);
}

/// Two workers whose requests cannot go must not be asked in turn for ever.
TEST_F(WhoIsAsked, KeepsTheThreadNoLongerThanForTheFirst) {
  const MonotonicTime until = inquiry.ask(2, time);
  inquiry.note_answer(2, Answer::kNothing);
  EXPECT_EQ(inquiry.ask(3, time + milliseconds(1)), until);
  inquiry.begin_anew();
  inquiry.note_answer(3, Answer::kNothing);
  EXPECT_TRUE(inquiry.may_ask(until - milliseconds(1)));
  EXPECT_FALSE(inquiry.may_ask(until));
  inquiry.begin_anew();
  EXPECT_TRUE(inquiry.may_ask(until));
}

TEST_F(WhoIsAsked, IsGivenUpAfterAWhile) {
  inquiry.ask(2, time);
  inquiry.note_late();
  EXPECT_FALSE(inquiry.may_ask(time + milliseconds(49)));
  EXPECT_TRUE(inquiry.may_ask(time + milliseconds(50)));
  EXPECT_EQ(inquiry.ask(3, time + milliseconds(50)), time + milliseconds(52));
}

TEST_F(WhoIsAsked, MayStillAnswerLate) {
  inquiry.ask(2, time);
  inquiry.note_late();
  EXPECT_TRUE(inquiry.note_answer(2, Answer::kComes));
  EXPECT_TRUE(inquiry.may_ask(time + milliseconds(5)));
}

}  // namespace
}  // namespace alicorn
