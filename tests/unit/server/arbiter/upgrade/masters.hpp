// Plays both masters of an upgrade for an UpgradeTable: one table in each standing, with a clock
// and an old master that the test moves.
#pragma once

#include "server/arbiter/upgrade/upgrade_table.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <signal.h>

namespace alicorn {

inline constexpr MonotonicTime kStart{std::chrono::seconds(1'000)};
inline constexpr milliseconds kGrace{38'000}, kQuickTime{10'000}, kToServe{5'000};
inline constexpr milliseconds kLeavesWithin{30'000}, kOwnTime{20'000}, kTimeToEnd{2'000};
inline constexpr UpgradeTable::OldMaster kGone{}, kThere{.is_there = true},
    kHungUp{.is_there = true, .has_hung_up = true};
inline constexpr ExitReport kAskedTo{.pid = 77}, kCrashed{.pid = 77, .signal = SIGSEGV},
    kRefused{.pid = 77, .exit_code = 1};

enum class Mode { kAutomatic, kManual };

/// A table, and the old master as the table's process sees it.
struct Master {
  UpgradeTable table;
  UpgradeTable::OldMaster old;

  Standing standing() const { return table.standing(old); }
  UpgradeTable::Moment at(MonotonicTime time) const {
    return {.old = old, .now = time, .own_time = kOwnTime};
  }
  UpgradeTable::Fate judge(int signal, MonotonicTime time = kStart) {
    return table.judge_signal(signal, at(time));
  }
  std::vector<int> take_own(MonotonicTime time = kStart) { return table.take_own(at(time)); }
};

inline Master old_master(Mode mode) {
  Master master;
  master.table.note_started({.is_automatic = mode == Mode::kAutomatic,
                             .serves_by = kStart + kToServe,
                             .grace = kGrace,
                             .leaves_within = kOwnTime});
  return master;
}

inline Master new_master(Mode mode) {
  return {UpgradeTable(mode == Mode::kAutomatic ? kLeavesWithin : milliseconds{0}), kThere};
}

/// One way to reach the standing; none if the mode does not have that standing.
inline std::optional<Master> master_in(Standing standing, Mode mode) {
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
      master.table.note_arrival(is_automatic);  // too late if this master is already stopping
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

inline constexpr std::array kStandings = {
    Standing::kAlone,     Standing::kComing,   Standing::kRelieving, Standing::kBesideOld,
    Standing::kDisowned,  Standing::kStarting, Standing::kBesideNew, Standing::kHandedOver,
    Standing::kDismissed, Standing::kKilled,   Standing::kOutlived};
inline constexpr std::array kSignals = {SIGTERM, SIGINT,   SIGQUIT, SIGHUP, SIGUSR1,
                                        SIGUSR2, SIGWINCH, SIGTTIN, SIGTTOU};

inline std::string text_of(Standing standing, Mode mode) {
  return "standing " + std::to_string(static_cast<int>(standing)) +
         (mode == Mode::kAutomatic ? ", automatic" : ", manual");
}

}  // namespace alicorn
