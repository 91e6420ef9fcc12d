// Decides about the two masters of a binary upgrade: what a signal, a message, an end or the time
// means. Pure: no system call, and the time is an argument; Upgrade and Succession do what it says.
// Master.
#pragma once

#include "base/clock.hpp"
#include "server/host/exit_report.hpp"

#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace alicorn {

/// How this master stands to another one.
enum class Standing {
  kAlone,
  // This is the new master, and the old one is there.
  kComing,     ///< this master does not serve yet: the old one is the service
  kRelieving,  ///< this master serves, and the old one only finishes its requests
  kBesideOld,  ///< this master serves, and the old one stays until it is told (upgrade: manual)
  kDisowned,   ///< the old master has given this one up, and goes on itself
  // This is the old master, and the new one is there.
  kStarting,    ///< the new master does not serve yet
  kBesideNew,   ///< the new master serves, and this one stays
  kHandedOver,  ///< the new master serves, and this one only finishes its requests
  kDismissed,   ///< the new master was told to end
  kKilled,      ///< it was still there after its time to end
  // This was the old master.
  kOutlived,  ///< it had handed over, the new master has ended, and this one stops as well
};

/// Two masters run, and either may go on.
bool has_peer(Standing standing);
/// The new master is there.
bool has_successor(Standing standing);
/// The new master serves.
bool has_serving_successor(Standing standing);
/// The end of the new master is awaited, and nothing else of it.
bool is_dismissed(Standing standing);
/// This is the master that a service manager is to follow.
bool is_main(Standing standing);
/// This one has handed the service over, and is only there to leave.
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
  /// What a decision depends on besides.
  struct Moment {
    OldMaster old;
    MonotonicTime now;
    milliseconds own_time;  ///< the longest that a stop of this master takes
  };
  struct Plan {
    bool is_automatic;           ///< this one leaves when the new one serves
    MonotonicTime serves_by;     ///< else it is given up
    milliseconds grace;          ///< for its end, once it is told by SIGTERM
    milliseconds leaves_within;  ///< the longest that this one's own end takes
  };

  /// What a signal to this master comes to.
  enum class Fate {
    kObeyed,            ///< the upgrade changes nothing about it
    kIgnored,           ///< the workers leave when the new master serves
    kPassedOn,          ///< it is the new master's
    kPutOff,            ///< until it is clear which master goes on
    kStopPutOff,        ///< the same, of the first SIGTERM to a new master: the stop has begun
    kTakenForSame,      ///< a SIGTERM that only repeats the one that was put off
    kObeyedByBoth,      ///< this master obeys it, and the new one is dismissed with it
    kObeyedUnrelieved,  ///< the old master should have left, and is not waited for any longer
  };
  /// Whether another upgrade may begin.
  enum class Answer { kYes, kNo, kPutOff };
  /// What it means that the new master serves.
  enum class Arrival { kBesideThis, kRelief, kTooLate };
  /// What it means that the new master has ended.
  enum class Aftermath { kStopsAllTheSame, kLeavesToo, kGoesOn };
  /// What is due of the new master.
  enum class Due { kNothing, kDismissal, kKill };

  /// Of a master that no other has started.
  UpgradeTable() = default;
  /// Of one that `old` has started. `leaves_within`: the longest that the old master takes once
  /// this one serves; 0: it stays.
  explicit UpgradeTable(milliseconds leaves_within) : old_leaves_within_(leaves_within) {}

  Standing standing(OldMaster old) const;
  /// The old master leaves when this one serves, and has not given this one up.
  bool relieves_old(OldMaster old) const;

  Fate judge_signal(int signal, const Moment& moment);
  /// SIGUSR2, where judge_signal() had it obeyed.
  Answer judge_upgrade(const Moment& moment);

  // In the new master.
  /// After every wake-up. How long the old one stays when it has hung up tells one that leaves from
  /// one that gave this one up without having heard of it.
  void watch_old(OldMaster old, MonotonicTime now);
  /// All workers are in place.
  void note_serving() { serves_ = true; }
  bool serves() const { return serves_; }
  /// The old master has hung up, and that may be because it is about to end: then this one is the
  /// service's main process.
  bool may_become_main(OldMaster old) const {
    return serves_ && standing(old) == Standing::kDisowned;
  }
  /// The old master was told that; `was_heard`, as far as this one can know.
  void note_told(bool was_heard, MonotonicTime now);
  /// It was told that this one serves, and should have left. `own_time`: what this one would need,
  /// for a binary from before it said so.
  bool is_old_overdue(const Moment& moment) const;

  // In the old master.
  void note_started(const Plan& plan);
  const Plan& plan() const { return plan_; }
  /// The new one leaves no work to this one once it serves.
  bool is_automatic(OldMaster old) const;
  /// The new one has said that it serves.
  Arrival note_arrival(bool is_stopping);
  /// The new one is told to end, by a signal that leaves it this time.
  void note_dismissal(int signal, MonotonicTime now);
  /// After every wake-up. What is due is taken for done.
  Due take_due(MonotonicTime now);
  /// Not even SIGKILL has ended it in time: nobody is to wait for it any more.
  bool is_stuck(MonotonicTime now) const;
  Aftermath note_end(const ExitReport& report, bool is_stopping);

  // In both.
  /// Keeps a signal until it is clear which master goes on. Gives since when.
  MonotonicTime put_off(int signal, MonotonicTime now) {
    return put_off_.try_emplace(signal, now).first->second;
  }
  /// All of them, by number.
  std::vector<int> take_put_off();
  /// After every wake-up: those that this master is to obey after all.
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
  std::optional<MonotonicTime> hung_up_since_;
  bool stays_ = false;  ///< the old master, although it has hung up

  /// As the old master, or kAlone; what stands there as the new one, standing() derives.
  Standing as_old_ = Standing::kAlone;
  Plan plan_{};
  std::optional<MonotonicTime> deadline_;  ///< of that
  std::map<int, MonotonicTime> put_off_;   ///< since when
};

}  // namespace alicorn
