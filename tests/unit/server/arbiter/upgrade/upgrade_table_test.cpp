// What the new master's message, its end and the passing of time mean in each standing.
#include "server/arbiter/upgrade/upgrade_table.hpp"

#include "tests/unit/server/arbiter/upgrade/masters.hpp"
#include "workers/contract/stop_times.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include <signal.h>

namespace alicorn {
namespace {

using Aftermath = UpgradeTable::Aftermath;
using Answer = UpgradeTable::Answer;
using Arrival = UpgradeTable::Arrival;
using Due = UpgradeTable::Due;
using Fate = UpgradeTable::Fate;

// The new master serves, or does not.

TEST(UpgradeTable, HandsOverToANewMasterThatServes) {
  Master old = old_master(Mode::kAutomatic);
  EXPECT_EQ(old.table.note_arrival(false), Arrival::kRelief);
  EXPECT_EQ(old.standing(), Standing::kHandedOver);
  EXPECT_EQ(old.table.take_due(kStart + std::chrono::hours(1)), Due::kNothing);
  EXPECT_FALSE(old.table.next_event(old.old, kStart));
}

TEST(UpgradeTable, StaysBesideANewMasterWhereTheOperatorDecides) {
  Master old = old_master(Mode::kManual);
  EXPECT_EQ(old.table.note_arrival(false), Arrival::kBesideThis);
  EXPECT_EQ(old.standing(), Standing::kBesideNew);
  EXPECT_FALSE(old.table.is_automatic(old.old));
}

TEST(UpgradeTable, HandsNothingOverInAStop) {
  Master old = old_master(Mode::kAutomatic);
  EXPECT_EQ(old.table.note_arrival(true), Arrival::kTooLate);
  EXPECT_EQ(old.standing(), Standing::kBesideNew);
  EXPECT_EQ(old_master(Mode::kManual).table.note_arrival(true), Arrival::kBesideThis);
}

TEST(UpgradeTable, DismissesANewMasterThatDoesNotServeInTime) {
  Master old = old_master(Mode::kAutomatic);
  const MonotonicTime late = kStart + kToServe;
  EXPECT_EQ(old.table.next_event(old.old, kStart), late);
  EXPECT_EQ(old.table.take_due(late - milliseconds(1)), Due::kNothing);
  EXPECT_EQ(old.table.take_due(late), Due::kDismissal);
  EXPECT_EQ(old.table.take_due(late), Due::kDismissal) << "it may still be heard just now";
  old.table.note_dismissal(SIGTERM, late);
  EXPECT_EQ(old.standing(), Standing::kDismissed);
  EXPECT_EQ(old.table.take_due(late + kGrace - milliseconds(1)), Due::kNothing);
  EXPECT_EQ(old.table.take_due(late + kGrace), Due::kKill);
  EXPECT_EQ(old.standing(), Standing::kKilled);
  EXPECT_EQ(old.table.take_due(late + kGrace), Due::kNothing) << "killed once";
}

/// Stuck in the kernel, where no signal reaches it.
TEST(UpgradeTable, FindsANewMasterStuckThatIsThereAfterItWasKilled) {
  Master old = old_master(Mode::kAutomatic);
  EXPECT_FALSE(old.table.is_stuck(kStart + std::chrono::hours(1)));
  old.table.note_dismissal(SIGTERM, kStart);
  EXPECT_FALSE(old.table.is_stuck(kStart + std::chrono::hours(1))) << "it was not killed yet";
  const MonotonicTime killed = kStart + kGrace + milliseconds(20);
  EXPECT_EQ(old.table.take_due(killed), Due::kKill);
  EXPECT_EQ(old.table.next_event(old.old, killed), killed + kTimeAfterKill);
  EXPECT_FALSE(old.table.is_stuck(killed + kTimeAfterKill - milliseconds(1)));
  EXPECT_TRUE(old.table.is_stuck(killed + kTimeAfterKill));
  EXPECT_EQ(old.table.note_end({.pid = 77, .signal = SIGKILL, .is_stuck = true}, false),
            Aftermath::kGoesOn);
  EXPECT_FALSE(old.table.is_stuck(killed + kTimeAfterKill));
  EXPECT_EQ(old.table.judge_upgrade(old.at(killed)), Answer::kYes);
}

// The end of the new master.

TEST(UpgradeTable, DrawsTheConsequenceOfEveryEndInEveryStanding) {
  for (const Mode mode : {Mode::kAutomatic, Mode::kManual}) {
    for (const Standing standing : kStandings) {
      if (!has_successor(standing) || !master_in(standing, mode)) continue;
      for (const ExitReport& report : {kAskedTo, kCrashed, kRefused}) {
        const bool was_asked_to = report.signal == 0 && report.exit_code == 0;
        const bool has_left_service = standing == Standing::kHandedOver;
        auto going_on = *master_in(standing, mode);
        const bool leaves_too = has_left_service && was_asked_to;
        EXPECT_EQ(going_on.table.note_end(report, false),
                  leaves_too ? Aftermath::kLeavesToo : Aftermath::kGoesOn)
            << text_of(standing, mode);
        EXPECT_EQ(going_on.standing(), leaves_too ? Standing::kOutlived : Standing::kAlone);
        EXPECT_FALSE(going_on.table.next_event(kGone, kStart)) << text_of(standing, mode);
        auto stopping = *master_in(standing, mode);
        EXPECT_EQ(stopping.table.note_end(report, true), Aftermath::kStopsAllTheSame);
        EXPECT_EQ(stopping.standing(), has_left_service ? Standing::kOutlived : Standing::kAlone);
      }
    }
  }
}

TEST(UpgradeTable, MayBeginAgainAfterAFailure) {
  Master old = old_master(Mode::kAutomatic);
  old.table.note_arrival(false);
  EXPECT_EQ(old.table.note_end(kCrashed, false), Aftermath::kGoesOn);
  EXPECT_EQ(old.judge(SIGHUP), Fate::kObeyed);
  EXPECT_EQ(old.judge(SIGWINCH), Fate::kObeyed);
  EXPECT_EQ(old.table.judge_upgrade(old.at(kStart)), Answer::kYes);
}

// The old master, as the new one sees it.

TEST(UpgradeTable, TellsAnOldMasterThatLeavesFromOneThatGoesOn) {
  Master master = *master_in(Standing::kRelieving, Mode::kAutomatic);
  master.table.note_told(true, kStart);
  master.old = kHungUp;
  for (const milliseconds after : {milliseconds(0), kTimeToEnd}) {
    master.table.watch_old(master.old, kStart + after);
    EXPECT_EQ(master.standing(), Standing::kRelieving) << "its pipe ends shortly before it does";
  }
  master.table.watch_old(master.old, kStart + kTimeToEnd + milliseconds(1));
  EXPECT_EQ(master.standing(), Standing::kDisowned);
  EXPECT_TRUE(master.table.may_become_main(master.old)) << "if that is about to end";
  EXPECT_EQ(master.judge(SIGTERM), Fate::kObeyed) << "nobody is to be waited for";
  master.table.watch_old(master.old, kStart);
  EXPECT_EQ(master.table.next_event(kGone, kStart), kStart + milliseconds(100))
      << "what has been put off until now is due";
  master.table.watch_old(kGone, kStart);
  EXPECT_FALSE(master.table.next_event(kGone, kStart));
  EXPECT_EQ(master.table.next_event(master.old, kStart), kStart + milliseconds(100))
      << "nobody tells a child of its parent's end";
}

TEST(UpgradeTable, IsDisownedAtOnceWhereTheOldMasterHasNotHeardOfIt) {
  Master master = *master_in(Standing::kRelieving, Mode::kAutomatic);
  master.old = kHungUp;
  EXPECT_EQ(master.standing(), Standing::kDisowned) << "it was told nothing";
  master.table.note_told(false, kStart);
  EXPECT_EQ(master.standing(), Standing::kDisowned) << "nobody was there to hear";
  master.old = kGone;
  EXPECT_EQ(master.standing(), Standing::kAlone);
  Master coming = *master_in(Standing::kDisowned, Mode::kAutomatic);
  EXPECT_FALSE(coming.table.may_become_main(coming.old)) << "it does not serve";
}

}  // namespace
}  // namespace alicorn
