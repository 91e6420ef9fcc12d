// Decides about the two masters of a binary upgrade: what a signal, a message, the end of a process
// or the passing of time means. Pure: no system call, and the time is an argument; Upgrade and
// Succession do what it says. Master.
#pragma once

#include "base/clock.hpp"
#include "server/host/exit_report.hpp"

#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace alicorn {

/// How this master stands to the other one.
enum class Standing {
  kAlone,
  // This is the new master, and the old one is there.
  kComing,     ///< this master does not serve yet: the old one is the service
  kRelieving,  ///< this master serves, and the old one only finishes its requests
  kBesideOld,  ///< this master serves, and the old one stays until told to leave (upgrade: manual)
  kDisowned,   ///< the old master has given this one up, and goes on serving
  // This is the old master, and the new one is there.
  kStarting,    ///< the new master does not serve yet
  kBesideNew,   ///< the new master serves, and this one stays
  kHandedOver,  ///< the new master serves, and this one only finishes its requests
  kDismissed,   ///< the new master was told to end
  kKilled,      ///< the new master was still there after its time to end
  // This was the old master.
  kOutlived,  ///< it had handed over, the new master has ended, and this one stops as well
};

/// Two masters run, and either may turn out to be the one that goes on.
bool has_peer(Standing standing);
/// The new master is there.
bool has_successor(Standing standing);
/// The new master serves.
bool has_serving_successor(Standing standing);
/// The master waits for the new master to end, and for nothing else from it.
bool is_dismissed(Standing standing);
/// This is the master that a service manager should follow.
bool is_main(Standing standing);
/// This master has handed the service over, and only has to leave.
bool has_handed_over(Standing standing);
/// "new" or "old" where the other master is the service, or is about to be; "": this one is.
std::string_view role_of(Standing standing);

class UpgradeTable {
 public:
  /// The old master as this process sees it at the moment.
  struct OldMaster {
    bool is_there = false;
    bool has_hung_up = false;  ///< it no longer listens to this one
  };
  /// What else a decision depends on.
  struct Moment {
    OldMaster old;
    MonotonicTime now;
    milliseconds own_time;  ///< the longest that a stop of this master takes
  };
  struct Plan {
    bool is_automatic;           ///< this master leaves when the new one serves
    MonotonicTime serves_by;     ///< if it does not by then, it is given up
    milliseconds grace;          ///< the time it has to end after a SIGTERM
    milliseconds leaves_within;  ///< the longest that this master takes to end
  };

  /// What becomes of a signal to this master.
  enum class Fate {
    kObeyed,            ///< the upgrade changes nothing about it
    kIgnored,           ///< the workers leave when the new master serves
    kPassedOn,          ///< to the new master
    kPutOff,            ///< until it is clear which master goes on
    kStopPutOff,        ///< the same, for the first SIGTERM to a new master: the stop has begun
    kTakenForSame,      ///< a SIGTERM that only repeats the one that was put off
    kObeyedByBoth,      ///< this master obeys it, and the new one is dismissed with it
    kObeyedUnrelieved,  ///< the old master should have left; this one no longer waits for it
  };
  /// Whether another upgrade may begin.
  enum class Answer { kYes, kNo, kPutOff };
  /// What it means that the new master serves.
  enum class Arrival { kBesideThis, kRelief, kTooLate };
  /// What it means that the new master has ended.
  enum class Aftermath { kStopsAllTheSame, kLeavesToo, kGoesOn };
  /// What has to be done about the new master now.
  enum class Due { kNothing, kDismissal, kKill };

  /// For a master that no other master started.
  UpgradeTable() = default;
  /// For a master that another master started. `leaves_within`: the longest that the old master
  /// takes to leave once this one serves; 0: it stays.
  explicit UpgradeTable(milliseconds leaves_within) : old_leaves_within_(leaves_within) {}

  Standing standing(OldMaster old) const;
  /// The old master will leave when this one serves, and has not given this one up.
  bool relieves_old(OldMaster old) const;

  Fate judge_signal(int signal, const Moment& moment);
  /// For a SIGUSR2 that judge_signal() found to be obeyed.
  Answer judge_upgrade(const Moment& moment);

  // In the new master.
  /// To be called after every wake-up. An old master that hangs up either leaves, or has given this
  /// one up without having heard that it serves. How long it then stays tells which.
  void watch_old(OldMaster old, MonotonicTime now);
  /// All workers are in place.
  void note_serving() { serves_ = true; }
  bool serves() const { return serves_; }
  /// The old master has hung up, perhaps because it is about to end. In that case this master is
  /// the service's main process.
  bool may_become_main(OldMaster old) const {
    return serves_ && standing(old) == Standing::kDisowned;
  }
  /// The old master was told that this one serves; `was_heard`: it read that, as far as this master
  /// can know.
  void note_told(bool was_heard, MonotonicTime now);
  /// The old master was told that this one serves, and should have left by now. `own_time`: how
  /// long this master would need to leave; it is used if the old binary does not say how long it
  /// takes.
  bool is_old_overdue(const Moment& moment) const;

  // In the old master.
  void note_started(const Plan& plan);
  const Plan& plan() const { return plan_; }
  /// Once the new master serves, this one has no more work.
  bool is_automatic(OldMaster old) const;
  /// The new master has said that it serves.
  Arrival note_arrival(bool is_stopping);
  /// The new master was told to end by a signal that leaves it this much time.
  void note_dismissal(int signal, MonotonicTime now);
  /// To be called after every wake-up. What it returns counts as done.
  Due take_due(MonotonicTime now);
  /// Not even SIGKILL has ended the new master in time: nobody must wait for it any longer.
  bool is_stuck(MonotonicTime now) const;
  Aftermath note_end(const ExitReport& report, bool is_stopping);

  // In both.
  /// Keeps a signal until it is clear which master goes on. Gives the time since which it is kept.
  MonotonicTime put_off(int signal, MonotonicTime now) {
    return put_off_.try_emplace(signal, now).first->second;
  }
  /// All signals that were put off, by number.
  std::vector<int> take_put_off();
  /// To be called after every wake-up: gives the signals that this master must obey after all.
  std::vector<int> take_own(const Moment& moment);
  std::optional<MonotonicTime> next_event(OldMaster old, MonotonicTime now) const;

 private:
  bool is_given_up(OldMaster old) const;
  Fate judge_for_new(int signal, const Moment& moment);
  Fate judge_for_old(int signal, const Moment& moment);

  milliseconds old_leaves_within_{0};
  bool serves_ = false;
  std::optional<MonotonicTime> told_at_;
  bool was_heard_ = false;
  bool old_was_there_ = false;  ///< when it was last watched
  std::optional<MonotonicTime> hung_up_since_;
  bool stays_ = false;  ///< the old master, although it has hung up

  /// This master's standing as the old one, or kAlone. Its standing as the new one is derived in
  /// standing().
  Standing as_old_ = Standing::kAlone;
  Plan plan_{};
  std::optional<MonotonicTime> deadline_;  ///< of the dismissal or the kill
  std::map<int, MonotonicTime> put_off_;   ///< since when
};

}  // namespace alicorn
