// The master waits for hooks in stages of its life: every stage with every fact.
#include "server/arbiter/life.hpp"

#include <gtest/gtest.h>

#include <signal.h>

namespace alicorn {
namespace {

using Stage = Life::Stage;
using Step = Life::Step;
using Undoing = Life::Undoing;

constexpr Life::Facts kServes{
    .are_hooks_idle = true, .is_over = false, .has_handed_over = false, .may_tell = true};

Life::Facts with_hooks(Life::Facts facts) {
  facts.are_hooks_idle = false;
  return facts;
}
Life::Facts over(Life::Facts facts) {
  facts.is_over = true;
  return facts;
}
Life::Facts handed_over(Life::Facts facts) {
  facts.has_handed_over = true;
  return facts;
}
Life::Facts untold(Life::Facts facts) {
  facts.may_tell = false;
  return facts;
}

Life serving() {
  Life life;
  life.note_open();
  return life;
}

TEST(Life, OpensWhenOnStartingHasEnded) {
  Life life;
  EXPECT_EQ(life.next(with_hooks(kServes)), Step::kTurn);
  EXPECT_FALSE(life.is_open());
  EXPECT_TRUE(life.awaits_hooks());
  EXPECT_EQ(life.next(kServes), Step::kOpen);
  life.note_open();
  EXPECT_TRUE(life.is_open());
  EXPECT_FALSE(life.awaits_hooks());
  EXPECT_EQ(life.next(kServes), Step::kTurn);
  EXPECT_EQ(life.next(with_hooks(kServes)), Step::kTurn) << "nobody waits for a hook meanwhile";
}

TEST(Life, EndsAtOnceWhereTheStartFailsAndThereIsNothingToUndo) {
  Life life;
  life.note_failure(Undoing::kNothing);
  EXPECT_TRUE(life.has_failed());
  EXPECT_FALSE(life.is_open());
  EXPECT_EQ(life.next(kServes), Step::kEnd);
  EXPECT_EQ(life.next(with_hooks(kServes)), Step::kEnd);
}

TEST(Life, TellsOnExitOfAStartThatFailedAfterOnStarting) {
  Life life;
  EXPECT_EQ(life.next(kServes), Step::kOpen);
  life.note_failure(Undoing::kOnExit);
  EXPECT_TRUE(life.awaits_hooks());
  EXPECT_EQ(life.next(kServes), Step::kSkipHooks);
  EXPECT_EQ(life.next(kServes), Step::kTellExit);
  EXPECT_EQ(life.next(with_hooks(kServes)), Step::kTurn);
  EXPECT_FALSE(life.is_open()) << "there are no workers to be looked after";
  EXPECT_EQ(life.next(kServes), Step::kEnd);
}

TEST(Life, OfANewMasterThatNeverServedHasNothingToTell) {
  Life life;
  life.note_failure(Undoing::kOnExit);
  EXPECT_EQ(life.next(untold(kServes)), Step::kSkipHooks);
  EXPECT_EQ(life.next(untold(kServes)), Step::kEnd);
}

TEST(Life, WaitsForHooksThatRunAndThenForOnExit) {
  Life life = serving();
  const Life::Facts end = over(kServes);
  EXPECT_EQ(life.next(with_hooks(end)), Step::kSkipHooks);
  EXPECT_TRUE(life.awaits_hooks());
  EXPECT_TRUE(life.is_open()) << "the loop goes on";
  EXPECT_EQ(life.next(with_hooks(end)), Step::kTurn);
  EXPECT_EQ(life.next(end), Step::kTellExit);
  EXPECT_EQ(life.next(with_hooks(end)), Step::kTurn);
  EXPECT_EQ(life.stage(), Stage::kTelling);
  EXPECT_EQ(life.next(end), Step::kEnd);
  EXPECT_EQ(life.stage(), Stage::kOver);
  EXPECT_EQ(life.next(end), Step::kEnd);
}

TEST(Life, GoesOnWhereTheNewMasterDiesMeanwhile) {
  const Life::Facts left = handed_over(over(kServes));
  for (const Stage stage : {Stage::kClosing, Stage::kTelling}) {
    Life life = serving();
    EXPECT_EQ(life.next(with_hooks(left)), Step::kSkipHooks);
    if (stage == Stage::kTelling) {
      EXPECT_EQ(life.next(left), Step::kTellExit);
    }
    ASSERT_EQ(life.stage(), stage);
    EXPECT_EQ(life.next(with_hooks(left)), Step::kTurn);
    EXPECT_EQ(life.next(with_hooks(kServes)), Step::kGoOn) << "whatever hooks still run";
    EXPECT_EQ(life.stage(), Stage::kServing);
    EXPECT_EQ(life.next(over(kServes)), Step::kSkipHooks) << "and ends some day";
    EXPECT_EQ(life.next(over(kServes)), Step::kTellExit) << "which is told once more";
  }
}

TEST(Life, EndsWithoutOnExitWhereTheNewMasterDiesInAStop) {
  Life life = serving();
  EXPECT_EQ(life.next(with_hooks(handed_over(over(kServes)))), Step::kSkipHooks);
  EXPECT_EQ(life.next(with_hooks(over(kServes))), Step::kEnd);
}

TEST(Life, GoesOnWhereItIsNoLongerOverWhenOnExitHasEnded) {
  Life life = serving();
  EXPECT_EQ(life.next(over(kServes)), Step::kSkipHooks);
  EXPECT_EQ(life.next(over(kServes)), Step::kTellExit);
  EXPECT_EQ(life.next(kServes), Step::kGoOn);
}

TEST(Life, IsHurriedInEachStageAnew) {
  Life life;
  life.hurry(SIGINT);
  EXPECT_EQ(life.hurried_by(), SIGINT);
  life.hurry(SIGTERM);
  EXPECT_EQ(life.hurried_by(), SIGTERM) << "the last one counts";
  life.note_open();
  EXPECT_EQ(life.hurried_by(), 0);
  life.hurry(SIGTERM);
  EXPECT_EQ(life.hurried_by(), 0) << "while it serves, a stop ends no hook";
  EXPECT_EQ(life.next(over(kServes)), Step::kSkipHooks);
  life.hurry(SIGTERM);
  EXPECT_EQ(life.hurried_by(), SIGTERM);
  EXPECT_EQ(life.next(over(kServes)), Step::kTellExit);
  EXPECT_EQ(life.hurried_by(), 0) << "on_exit may run all the same";
}

}  // namespace
}  // namespace alicorn
