#include "server/arbiter/upgrade/upgrade_table.hpp"

#include "workers/contract/stop_times.hpp"

#include <algorithm>

#include <signal.h>

namespace alicorn {
namespace {

constexpr milliseconds kTimeToEnd{2'000};  // of a process that has nothing more to do
/// The kernel does not notify a child when its parent ends, so the new master polls.
constexpr milliseconds kLookAtOldMaster{100};

}  // namespace

bool has_peer(Standing standing) {
  switch (standing) {
    case Standing::kComing:
    case Standing::kBesideOld:
    case Standing::kDisowned:
    case Standing::kStarting:
    case Standing::kBesideNew:
    case Standing::kHandedOver:
      return true;
    default:
      return false;
  }
}

bool has_successor(Standing standing) {
  switch (standing) {
    case Standing::kStarting:
    case Standing::kBesideNew:
    case Standing::kHandedOver:
    case Standing::kDismissed:
    case Standing::kKilled:
      return true;
    default:
      return false;
  }
}

bool has_serving_successor(Standing standing) {
  return standing == Standing::kBesideNew || standing == Standing::kHandedOver;
}

bool is_dismissed(Standing standing) {
  return standing == Standing::kDismissed || standing == Standing::kKilled;
}

bool is_main(Standing standing) {
  switch (standing) {
    case Standing::kComing:
    case Standing::kDisowned:  // its end would be the service's
    case Standing::kBesideNew:
    case Standing::kHandedOver:
      return false;
    default:
      return true;
  }
}

bool has_handed_over(Standing standing) {
  return standing == Standing::kHandedOver || standing == Standing::kOutlived;
}

std::string_view role_of(Standing standing) {
  switch (standing) {
    case Standing::kComing:
    case Standing::kBesideOld:
    case Standing::kDisowned:
      return "new";
    case Standing::kBesideNew:
    case Standing::kHandedOver:
    case Standing::kOutlived:
      return "old";
    default:
      return "";
  }
}

Standing UpgradeTable::standing(OldMaster old) const {
  if (!old.is_there) return as_old_;
  if (is_given_up(old)) return Standing::kDisowned;
  if (!serves_) return Standing::kComing;
  return old_leaves_within_ > milliseconds{0} ? Standing::kRelieving : Standing::kBesideOld;
}

/// A new master whose message was read is not given up: an old master that leaves closes its end of
/// the pipe shortly before it is gone. But a message that was written may not have been read.
bool UpgradeTable::is_given_up(OldMaster old) const {
  return old.is_there && (!was_heard_ || stays_) && old.has_hung_up;
}

bool UpgradeTable::relieves_old(OldMaster old) const {
  return old_leaves_within_ > milliseconds{0} && old.is_there && !is_given_up(old);
}

bool UpgradeTable::is_automatic(OldMaster old) const {
  return has_successor(standing(old)) && plan_.is_automatic;
}

UpgradeTable::Fate UpgradeTable::judge_signal(int signal, const Moment& moment) {
  if (is_automatic(moment.old)) return judge_for_old(signal, moment);
  return relieves_old(moment.old) ? judge_for_new(signal, moment) : Fate::kObeyed;
}

/// With two masters running, the configuration is not read and no third master is started.
UpgradeTable::Fate UpgradeTable::judge_for_old(int signal, const Moment& moment) {
  switch (signal) {
    case SIGHUP:
      if (is_dismissed(as_old_)) return Fate::kObeyed;
      [[fallthrough]];
    case SIGUSR2:
      if (as_old_ == Standing::kHandedOver) return Fate::kPassedOn;
      put_off(signal, moment.now);
      return Fate::kPutOff;
    case SIGWINCH:
      return Fate::kIgnored;
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:  // the service is to stop, not to change
      return as_old_ == Standing::kHandedOver ? Fate::kObeyed : Fate::kObeyedByBoth;
    default:
      return Fate::kObeyed;
  }
}

/// Under a supervisor, the end of this master would also end the old one's requests. A stop that is
/// asked for once more (rather than the same signal arriving twice) stops this master at once.
UpgradeTable::Fate UpgradeTable::judge_for_new(int signal, const Moment& moment) {
  const bool is_stop = signal == SIGTERM && standing(moment.old) == Standing::kRelieving;
  if (signal != SIGUSR2 && !is_stop) return Fate::kObeyed;
  if (is_stop && is_old_overdue(moment)) return Fate::kObeyedUnrelieved;
  const MonotonicTime since = put_off(signal, moment.now);
  if (!is_stop) return Fate::kPutOff;
  if (since == moment.now) return Fate::kStopPutOff;
  return moment.now - since >= kSecondThought ? Fate::kObeyed : Fate::kTakenForSame;
}

UpgradeTable::Answer UpgradeTable::judge_upgrade(const Moment& moment) {
  const Standing present = standing(moment.old);
  if (has_peer(present)) return Answer::kNo;
  if (!has_successor(present)) return Answer::kYes;
  put_off(SIGUSR2, moment.now);
  return Answer::kPutOff;
}

void UpgradeTable::watch_old(OldMaster old, MonotonicTime now) {
  old_was_there_ = old.is_there;
  if (!old.is_there || !old.has_hung_up) return;
  if (!hung_up_since_) hung_up_since_ = now;
  stays_ = now - *hung_up_since_ > kTimeToEnd;
}

void UpgradeTable::note_told(bool was_heard, MonotonicTime now) {
  was_heard_ = was_heard;
  told_at_ = now;
}

bool UpgradeTable::is_old_overdue(const Moment& moment) const {
  const milliseconds limit = std::max(old_leaves_within_, moment.own_time) + kTimeToEnd;
  return relieves_old(moment.old) && told_at_ && moment.now - *told_at_ > limit;
}

void UpgradeTable::note_started(const Plan& plan) {
  plan_ = plan;
  as_old_ = Standing::kStarting;
  deadline_ = plan.serves_by;
}

UpgradeTable::Arrival UpgradeTable::note_arrival(bool is_stopping) {
  deadline_.reset();
  const bool is_relief = plan_.is_automatic && !is_stopping;
  as_old_ = is_relief ? Standing::kHandedOver : Standing::kBesideNew;
  if (is_relief) return Arrival::kRelief;
  return plan_.is_automatic ? Arrival::kTooLate : Arrival::kBesideThis;
}

void UpgradeTable::note_dismissal(int signal, MonotonicTime now) {
  as_old_ = Standing::kDismissed;
  deadline_ = now + (signal == SIGTERM ? plan_.grace : kSuccessorQuickGrace);
}

UpgradeTable::Due UpgradeTable::take_due(MonotonicTime now) {
  if (!deadline_ || now < *deadline_) return Due::kNothing;
  if (as_old_ == Standing::kStarting) return Due::kDismissal;
  if (as_old_ != Standing::kDismissed) return Due::kNothing;
  as_old_ = Standing::kKilled;
  deadline_ = now + kTimeAfterKill;
  return Due::kKill;
}

bool UpgradeTable::is_stuck(MonotonicTime now) const {
  return as_old_ == Standing::kKilled && deadline_ && now >= *deadline_;
}

UpgradeTable::Aftermath UpgradeTable::note_end(const ExitReport& report, bool is_stopping) {
  const bool had_handed_over = as_old_ == Standing::kHandedOver;
  const bool was_stopped = report.signal == 0 && report.exit_code == 0;
  deadline_.reset();
  const bool leaves_too = had_handed_over && was_stopped;
  as_old_ = had_handed_over && (is_stopping || leaves_too) ? Standing::kOutlived : Standing::kAlone;
  if (is_stopping) return Aftermath::kStopsAllTheSame;
  return leaves_too ? Aftermath::kLeavesToo : Aftermath::kGoesOn;
}

std::vector<int> UpgradeTable::take_put_off() {
  std::vector<int> signals;
  for (const auto& [signal, since] : std::exchange(put_off_, {})) signals.push_back(signal);
  return signals;
}

std::vector<int> UpgradeTable::take_own(const Moment& moment) {
  const bool is_awaited = relieves_old(moment.old) && !is_old_overdue(moment);
  if (has_successor(as_old_) || is_awaited) return {};
  std::vector<int> own = take_put_off();
  // The old master has hung up but is still there: a third master has to wait for its end.
  if (moment.old.is_there && std::erase(own, SIGUSR2) != 0) put_off(SIGUSR2, moment.now);
  return own;
}

std::optional<MonotonicTime> UpgradeTable::next_event(OldMaster old, MonotonicTime now) const {
  // It may have gone since it was watched. What waits for that must not wait for the next event.
  if (old.is_there || old_was_there_) return now + kLookAtOldMaster;
  return deadline_;
}

}  // namespace alicorn
