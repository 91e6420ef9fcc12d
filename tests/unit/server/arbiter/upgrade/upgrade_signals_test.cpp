// docs/signals.md, "Upgrade of the binary", row by row: what each signal means in each standing.
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

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Answer = UpgradeTable::Answer;
using Arrival = UpgradeTable::Arrival;
using Aftermath = UpgradeTable::Aftermath;
using Fate = UpgradeTable::Fate;

/// What becomes of a signal if the upgrade changes anything about it.
std::optional<Fate> exception_for(Standing standing, int signal) {
  const bool is_stop = signal == SIGTERM || signal == SIGINT || signal == SIGQUIT;
  switch (standing) {
    case Standing::kComing:
      if (signal == SIGUSR2) return Fate::kPutOff;
      return std::nullopt;
    case Standing::kRelieving:
      if (signal == SIGUSR2) return Fate::kPutOff;
      if (signal == SIGTERM) return Fate::kStopPutOff;
      return std::nullopt;
    case Standing::kStarting:
    case Standing::kBesideNew:  // the new master serves too late to relieve this one
      if (is_stop) return Fate::kObeyedByBoth;
      if (signal == SIGHUP || signal == SIGUSR2) return Fate::kPutOff;
      if (signal == SIGWINCH) return Fate::kIgnored;
      return std::nullopt;
    case Standing::kHandedOver:
      if (signal == SIGHUP || signal == SIGUSR2) return Fate::kPassedOn;
      if (signal == SIGWINCH) return Fate::kIgnored;
      return std::nullopt;
    case Standing::kDismissed:
    case Standing::kKilled:
      if (is_stop) return Fate::kObeyedByBoth;
      if (signal == SIGUSR2) return Fate::kPutOff;
      if (signal == SIGWINCH) return Fate::kIgnored;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

TEST(UpgradeTable, JudgesEverySignalInEveryStanding) {
  for (const Standing standing : kStandings) {
    for (const int signal : kSignals) {
      auto master = master_in(standing, Mode::kAutomatic);
      if (!master) continue;
      ASSERT_EQ(master->standing(), standing) << text_of(standing, Mode::kAutomatic);
      EXPECT_EQ(master->judge(signal), exception_for(standing, signal).value_or(Fate::kObeyed))
          << "signal " << signal << ", " << text_of(standing, Mode::kAutomatic);
    }
  }
}

TEST(UpgradeTable, ChangesNothingAboutASignalWhereTheOperatorEndsTheOldMaster) {
  for (const Standing standing : kStandings) {
    for (const int signal : kSignals) {
      auto master = master_in(standing, Mode::kManual);
      if (!master) continue;
      ASSERT_EQ(master->standing(), standing) << text_of(standing, Mode::kManual);
      EXPECT_EQ(master->judge(signal), Fate::kObeyed)
          << "signal " << signal << ", " << text_of(standing, Mode::kManual);
    }
  }
}

TEST(UpgradeTable, KnowsWhoseTheServiceIs) {
  struct Row {
    Standing standing;
    bool has_peer, has_successor, is_dismissed, is_main, has_handed_over;
    std::string role;
  };
  const std::vector<Row> rows = {{Standing::kAlone, false, false, false, true, false, ""},
                                 {Standing::kComing, true, false, false, false, false, "new"},
                                 {Standing::kRelieving, false, false, false, true, false, ""},
                                 {Standing::kBesideOld, true, false, false, true, false, "new"},
                                 {Standing::kDisowned, true, false, false, false, false, "new"},
                                 {Standing::kStarting, true, true, false, true, false, ""},
                                 {Standing::kBesideNew, true, true, false, false, false, "old"},
                                 {Standing::kHandedOver, true, true, false, false, true, "old"},
                                 {Standing::kDismissed, false, true, true, true, false, ""},
                                 {Standing::kKilled, false, true, true, true, false, ""},
                                 {Standing::kOutlived, false, false, false, true, true, "old"}};
  ASSERT_EQ(rows.size(), kStandings.size());
  for (const Row& row : rows) {
    const std::string where = text_of(row.standing, Mode::kAutomatic);
    EXPECT_EQ(has_peer(row.standing), row.has_peer) << where;
    EXPECT_EQ(has_successor(row.standing), row.has_successor) << where;
    EXPECT_EQ(is_dismissed(row.standing), row.is_dismissed) << where;
    EXPECT_EQ(is_main(row.standing), row.is_main) << where;
    EXPECT_EQ(has_handed_over(row.standing), row.has_handed_over) << where;
    EXPECT_EQ(role_of(row.standing), row.role) << where;
    EXPECT_EQ(has_serving_successor(row.standing), row.has_peer && row.role == "old") << where;
  }
}

TEST(UpgradeTable, BeginsNoSecondUpgradeWhileTwoMastersRun) {
  for (const Mode mode : {Mode::kAutomatic, Mode::kManual}) {
    for (const Standing standing : kStandings) {
      auto master = master_in(standing, mode);
      if (!master) continue;
      const Answer expected = has_peer(standing)        ? Answer::kNo
                              : has_successor(standing) ? Answer::kPutOff
                                                        : Answer::kYes;
      EXPECT_EQ(master->table.judge_upgrade(master->at(kStart)), expected)
          << text_of(standing, mode);
    }
  }
}

// TERM, INT and QUIT.

TEST(UpgradeTable, StopsBothMastersBeforeTheNewOneServes) {
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT}) {
    Master old = old_master(Mode::kAutomatic);
    EXPECT_EQ(old.judge(signal), Fate::kObeyedByBoth);
    old.table.note_dismissal(signal, kStart);
    EXPECT_EQ(old.standing(), Standing::kDismissed);
    const milliseconds grace = signal == SIGTERM ? kGrace : kQuickTime;
    EXPECT_EQ(old.table.next_event(old.old, kStart), kStart + grace);
    EXPECT_EQ(new_master(Mode::kAutomatic).judge(signal), Fate::kObeyed);
  }
}

TEST(UpgradeTable, PutsAStopOfTheServiceOffUntilTheOldMasterHasLeft) {
  Master master = *master_in(Standing::kRelieving, Mode::kAutomatic);
  EXPECT_EQ(master.judge(SIGTERM), Fate::kStopPutOff);
  EXPECT_THAT(master.take_own(kStart + seconds(10)), IsEmpty());
  master.old = kGone;
  EXPECT_THAT(master.take_own(kStart + seconds(10)), ElementsAre(SIGTERM));
  EXPECT_THAT(master.take_own(kStart + seconds(10)), IsEmpty()) << "once";
}

TEST(UpgradeTable, TellsARepeatedTermFromASecondOne) {
  Master master = *master_in(Standing::kRelieving, Mode::kAutomatic);
  EXPECT_EQ(master.judge(SIGTERM), Fate::kStopPutOff);
  EXPECT_EQ(master.judge(SIGTERM, kStart + kSecondThought - milliseconds(1)), Fate::kTakenForSame);
  EXPECT_EQ(master.judge(SIGTERM, kStart + kSecondThought), Fate::kObeyed)
      << "counted from the first one";
}

TEST(UpgradeTable, WaitsForNoOldMasterBeyondItsTimeToLeave) {
  Master master = *master_in(Standing::kRelieving, Mode::kAutomatic);
  const MonotonicTime limit = kStart + kLeavesWithin + kTimeToEnd;
  EXPECT_EQ(master.judge(SIGTERM), Fate::kStopPutOff);
  EXPECT_FALSE(master.table.is_old_overdue(master.at(limit + seconds(60))))
      << "it has not been told";
  master.table.note_told(true, kStart);
  EXPECT_FALSE(master.table.is_old_overdue(master.at(limit)));
  EXPECT_THAT(master.take_own(limit), IsEmpty());
  EXPECT_EQ(master.judge(SIGTERM, limit + milliseconds(1)), Fate::kObeyedUnrelieved);
  EXPECT_EQ(master.judge(SIGUSR2, limit + milliseconds(1)), Fate::kPutOff);
  EXPECT_THAT(master.take_own(limit + milliseconds(1)), ElementsAre(SIGTERM))
      << "a third master waits for the end of the first";
  master.old = kGone;
  EXPECT_THAT(master.take_own(limit + seconds(1)), ElementsAre(SIGUSR2));
}

/// A binary that is too old to say how long it takes is assumed to have settings like ours.
TEST(UpgradeTable, GrantsAnOldMasterAsMuchTimeAsThisOneWouldTake) {
  Master master{UpgradeTable(milliseconds(1)), kThere};
  master.table.note_serving();
  master.table.note_told(true, kStart);
  const MonotonicTime limit = kStart + kOwnTime + kTimeToEnd;
  EXPECT_FALSE(master.table.is_old_overdue(master.at(limit)));
  EXPECT_TRUE(master.table.is_old_overdue(master.at(limit + milliseconds(1))));
}

// HUP and USR2.

TEST(UpgradeTable, KeepsASignalForTheMasterThatGoesOn) {
  for (const int signal : {SIGHUP, SIGUSR2}) {
    Master old = old_master(Mode::kAutomatic);
    EXPECT_EQ(old.judge(signal), Fate::kPutOff);
    EXPECT_THAT(old.take_own(), IsEmpty()) << "it is not clear yet";
    EXPECT_EQ(old.table.note_arrival(false), Arrival::kRelief);
    EXPECT_THAT(old.table.take_put_off(), ElementsAre(signal)) << "for the new one";
    EXPECT_EQ(old.judge(signal), Fate::kPassedOn);
  }
  Master old = old_master(Mode::kAutomatic);
  EXPECT_EQ(old.judge(SIGUSR2), Fate::kPutOff);
  EXPECT_EQ(old.judge(SIGHUP), Fate::kPutOff);
  EXPECT_EQ(old.judge(SIGHUP), Fate::kPutOff);
  EXPECT_EQ(old.table.note_end(kRefused, false), Aftermath::kGoesOn);
  EXPECT_THAT(old.take_own(), ElementsAre(SIGHUP, SIGUSR2)) << "for this one, each once";
}

TEST(UpgradeTable, LeavesAReloadToTheOldMasterOnceTheNewOneIsGivenUp) {
  Master old = *master_in(Standing::kDismissed, Mode::kAutomatic);
  EXPECT_EQ(old.judge(SIGHUP), Fate::kObeyed);
  EXPECT_EQ(old.judge(SIGUSR2), Fate::kPutOff) << "another one follows when this one has ended";
  EXPECT_THAT(old.take_own(), IsEmpty());
  old.table.note_end(kCrashed, false);
  EXPECT_THAT(old.take_own(), ElementsAre(SIGUSR2));
}

TEST(UpgradeTable, PutsANextUpgradeOffUntilTheOldMasterHasLeft) {
  for (const Standing standing : {Standing::kComing, Standing::kRelieving}) {
    Master master = *master_in(standing, Mode::kAutomatic);
    EXPECT_EQ(master.judge(SIGUSR2), Fate::kPutOff);
    EXPECT_THAT(master.take_own(), IsEmpty());
    master.old = kHungUp;
    master.table.watch_old(kHungUp, kStart);
    EXPECT_THAT(master.take_own(), IsEmpty()) << "it is there all the same";
    master.old = kGone;
    EXPECT_THAT(master.take_own(), ElementsAre(SIGUSR2));
  }
}

}  // namespace
}  // namespace alicorn
