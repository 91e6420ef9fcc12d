// docs/signals.md, "Upgrade of the binary", row by row: what each event means in each standing.
#include "server/arbiter/upgrade/upgrade_table.hpp"

#include "workers/contract/stop_times.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <signal.h>

namespace alicorn {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Aftermath = UpgradeTable::Aftermath;
using Answer = UpgradeTable::Answer;
using Arrival = UpgradeTable::Arrival;
using Due = UpgradeTable::Due;
using Fate = UpgradeTable::Fate;
using Moment = UpgradeTable::Moment;
using OldMaster = UpgradeTable::OldMaster;

constexpr MonotonicTime kStart{std::chrono::seconds(1'000)};
constexpr milliseconds kGrace{38'000}, kQuickGrace{10'000}, kToServe{5'000};
constexpr milliseconds kLeavesWithin{30'000}, kOwnTime{20'000}, kTimeToEnd{2'000};
constexpr OldMaster kGone{}, kThere{.is_there = true},
    kHungUp{.is_there = true, .has_hung_up = true};
constexpr ExitReport kAskedTo{.pid = 77}, kCrashed{.pid = 77, .signal = SIGSEGV},
    kRefused{.pid = 77, .exit_code = 1};

enum class Mode { kAutomatic, kManual };

/// A table, and the old master as its process sees it.
struct Master {
  UpgradeTable table;
  OldMaster old;

  Standing standing() const { return table.standing(old); }
  Moment at(MonotonicTime time) const { return {.old = old, .now = time, .own_time = kOwnTime}; }
  Fate judge(int signal, MonotonicTime time = kStart) {
    return table.judge_signal(signal, at(time));
  }
  std::vector<int> take_own(MonotonicTime time = kStart) { return table.take_own(at(time)); }
};

Master old_master(Mode mode) {
  Master master;
  master.table.note_started({.is_automatic = mode == Mode::kAutomatic,
                             .serves_by = kStart + kToServe,
                             .grace = kGrace,
                             .leaves_within = kOwnTime});
  return master;
}

Master new_master(Mode mode) {
  return {UpgradeTable(mode == Mode::kAutomatic ? kLeavesWithin : milliseconds{0}), kThere};
}

/// One way there; none where the mode knows no such standing.
std::optional<Master> master_in(Standing standing, Mode mode) {
  const bool is_automatic = mode == Mode::kAutomatic;
  switch (standing) {
    case Standing::kAlone:
      return Master{};
    case Standing::kComing:
      return new_master(mode);
    case Standing::kRelieving:
    case Standing::kBesideOld: {
      if (is_automatic != (standing == Standing::kRelieving)) return std::nullopt;
      Master master = new_master(mode);
      master.table.note_serving();
      return master;
    }
    case Standing::kDisowned: {
      Master master = new_master(mode);
      master.old = kHungUp;
      return master;
    }
    case Standing::kStarting:
      return old_master(mode);
    case Standing::kBesideNew: {
      Master master = old_master(mode);
      master.table.note_arrival(is_automatic);  // too late, where this one stops already
      return master;
    }
    case Standing::kHandedOver:
    case Standing::kOutlived: {
      if (!is_automatic) return std::nullopt;
      Master master = old_master(mode);
      master.table.note_arrival(false);
      if (standing == Standing::kOutlived) master.table.note_end(kAskedTo, false);
      return master;
    }
    case Standing::kDismissed:
    case Standing::kKilled: {
      Master master = old_master(mode);
      master.table.note_dismissal(SIGTERM, kStart - kGrace);
      if (standing == Standing::kKilled) master.table.take_due(kStart);
      return master;
    }
  }
  return std::nullopt;
}

constexpr std::array kStandings = {
    Standing::kAlone,     Standing::kComing,   Standing::kRelieving, Standing::kBesideOld,
    Standing::kDisowned,  Standing::kStarting, Standing::kBesideNew, Standing::kHandedOver,
    Standing::kDismissed, Standing::kKilled,   Standing::kOutlived};
constexpr std::array kSignals = {SIGTERM, SIGINT,   SIGQUIT, SIGHUP, SIGUSR1,
                                 SIGUSR2, SIGWINCH, SIGTTIN, SIGTTOU};

std::string text_of(Standing standing, Mode mode) {
  return "standing " + std::to_string(static_cast<int>(standing)) +
         (mode == Mode::kAutomatic ? ", automatic" : ", manual");
}

/// What a signal comes to where the upgrade changes anything about it.
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
    case Standing::kBesideNew:  // that is, too late to relieve this one
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
    const milliseconds grace = signal == SIGTERM ? kGrace : kQuickGrace;
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

/// A binary from before it said how long it takes has settings like ours.
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

// The new one serves, or does not.

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

/// In the kernel's hands, where no signal reaches it.
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

// The end of the new one.

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

// The old one, as the new one sees it.

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
