// What a client hears when some time is over: each fact alone, and which one wins.
#include "workers/connection/expiry.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

constexpr ExpiryFacts kNothing{.is_silent = false,
                               .has_started = true,
                               .app_is_finished = false,
                               .response_is_done = false,
                               .nobody_will_run_it = false,
                               .worker_leaves = false,
                               .body_is_late = false,
                               .deadline_has_passed = false};

ExpiryFacts with(bool ExpiryFacts::*first, bool ExpiryFacts::*second = nullptr) {
  ExpiryFacts facts = kNothing;
  facts.*first = true;
  if (second != nullptr) facts.*second = true;
  return facts;
}

TEST(Expiry, WithoutAReasonNothingHappens) {
  EXPECT_EQ(judge_expiry(kNothing).status, 0);
  EXPECT_EQ(judge_expiry(with(&ExpiryFacts::app_is_finished)).status, 0);
  EXPECT_EQ(judge_expiry(with(&ExpiryFacts::nobody_will_run_it)).status, 0)
      << "this request has its thread";
}

TEST(Expiry, EachReasonHasItsAnswer) {
  const Expiry silent = judge_expiry(with(&ExpiryFacts::is_silent));
  EXPECT_EQ(silent.status, 504);
  EXPECT_EQ(silent.cut, CutReason::kTimeout);
  EXPECT_EQ(silent.cancel, ALICORN_CANCEL_DEADLINE);
  EXPECT_FALSE(silent.is_reported) << "whoever found it silent reports it";

  const Expiry leaving = judge_expiry(with(&ExpiryFacts::worker_leaves));
  EXPECT_EQ(leaving.status, 503);
  EXPECT_EQ(leaving.cut, CutReason::kGracefulTimeout);
  EXPECT_EQ(leaving.refusal, "graceful_timeout");
  EXPECT_TRUE(leaving.ends_body);

  const Expiry late = judge_expiry(with(&ExpiryFacts::body_is_late));
  EXPECT_EQ(late.status, 408);
  EXPECT_EQ(late.cut, CutReason::kRequest);
  EXPECT_EQ(late.cancel, ALICORN_CANCEL_CLIENT_GONE);
  EXPECT_TRUE(late.ends_body);

  const Expiry over = judge_expiry(with(&ExpiryFacts::deadline_has_passed));
  EXPECT_EQ(over.status, 504);
  EXPECT_EQ(over.cut, CutReason::kRequestTimeout);
  EXPECT_TRUE(over.is_reported);
  EXPECT_TRUE(over.refusal.empty());
}

TEST(Expiry, WhoeverHasNoThreadYetIsRefused) {
  ExpiryFacts waits = with(&ExpiryFacts::deadline_has_passed);
  waits.has_started = false;
  EXPECT_EQ(judge_expiry(waits).status, 503);
  EXPECT_TRUE(judge_expiry(waits).is_reported);
  waits.nobody_will_run_it = true;
  EXPECT_EQ(judge_expiry(waits).status, 503);
  EXPECT_EQ(judge_expiry(waits).refusal, kEveryThreadHangs);
}

TEST(Expiry, WhatTheAppHasFinishedIsTheClientsTime) {
  EXPECT_EQ(judge_expiry(with(&ExpiryFacts::is_silent, &ExpiryFacts::app_is_finished)).status, 0);
  EXPECT_EQ(
      judge_expiry(with(&ExpiryFacts::deadline_has_passed, &ExpiryFacts::app_is_finished)).status,
      0);
  EXPECT_EQ(judge_expiry(with(&ExpiryFacts::is_silent, &ExpiryFacts::response_is_done)).status, 0);
  EXPECT_EQ(judge_expiry(with(&ExpiryFacts::worker_leaves, &ExpiryFacts::response_is_done)).status,
            0);
}

TEST(Expiry, TheFirstReasonWins) {
  EXPECT_EQ(judge_expiry(with(&ExpiryFacts::is_silent, &ExpiryFacts::worker_leaves)).status, 504);
  EXPECT_EQ(judge_expiry(with(&ExpiryFacts::worker_leaves, &ExpiryFacts::body_is_late)).status,
            503);
  EXPECT_EQ(
      judge_expiry(with(&ExpiryFacts::body_is_late, &ExpiryFacts::deadline_has_passed)).status,
      408);
}

}  // namespace
}  // namespace alicorn
