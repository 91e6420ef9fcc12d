#include "store/silence.hpp"

#include "store/records.hpp"

#include <string>

namespace jwt_auth {
namespace {

/// The time of the first probe. It doubles with each failed probe, up to the time of a call:
/// otherwise a database that is merely slow would never be found again.
constexpr milliseconds kFirstProbe(1000);
constexpr int kDoublingsMax = 20;

}  // namespace

Silence::Leave Silence::ask(std::string_view operation) {
  const std::lock_guard lock(mutex_);
  Leave leave{timeout_, silences_, is_silent_, clock_()};
  if (!is_silent_) return leave;
  if (is_probed_) {
    throw StoreUnavailable(std::string(operation) +
                           ": PostgreSQL did not answer within database.timeout, and another "
                           "request is testing whether it is back");
  }
  is_probed_ = true;
  leave.time = std::min(timeout_, kFirstProbe * (1 << std::min(failed_probes_, kDoublingsMax)));
  return leave;
}

void Silence::answered(const Leave& leave) {
  const std::lock_guard lock(mutex_);
  if (leave.is_probe) is_probed_ = false;
  is_silent_ = false;
  failed_probes_ = 0;
  last_answer_ = clock_();
}

void Silence::unanswered(const Leave& leave) {
  const std::lock_guard lock(mutex_);
  if (leave.is_probe) {
    is_probed_ = false;
    ++failed_probes_;
    return;
  }
  // Others were answered in the meantime: only this connection is dead, not the database.
  if (is_silent_ || last_answer_ >= leave.since) return;
  is_silent_ = true;
  ++silences_;
}

}  // namespace jwt_auth
