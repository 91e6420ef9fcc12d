// The steps of a worker's stop: how long each takes, and which one has been reached. Pure: the time
// is an argument. Worker, I/O thread.
#pragma once

#include "base/clock.hpp"
#include "workers/contract/stop_times.hpp"

#include <algorithm>

namespace alicorn {

class Farewell {
 public:
  enum class Step { kNone, kFinishes, kLastWords, kLeaves };

  /// A later plan can only shorten an earlier one. True: this is the first plan.
  bool begin(const FarewellPlan& plan, MonotonicTime now) {
    const bool first = step_ == Step::kNone;
    if (first || step_ == Step::kFinishes) {
      accept_until_ = first ? now + plan.accept : std::min(accept_until_, now + plan.accept);
      if (first || now + plan.all < until_) {
        until_ = now + plan.all;
        limit_ = plan.limit;
      }
      last_words_ = first ? plan.last_words : std::min(last_words_, plan.last_words);
      threads_ = first ? plan.threads : std::min(threads_, plan.threads);
      step_ = Step::kFinishes;
    }
    return first;
  }
  /// No handshake can reach the worker any more.
  void note_nobody_comes(MonotonicTime now) { accept_until_ = std::min(accept_until_, now); }
  void begin_last_words(MonotonicTime now) {
    step_ = Step::kLastWords;
    until_ = now + last_words_;
  }
  void leave() { step_ = Step::kLeaves; }

  bool has_begun() const { return step_ != Step::kNone; }
  Step step() const { return step_; }
  bool is_overdue(MonotonicTime now) const { return now > until_; }
  const char* limit() const { return limit_; }
  milliseconds patience_with_threads() const { return threads_; }
  bool accepts(MonotonicTime now) const {
    return step_ == Step::kNone || (step_ == Step::kFinishes && now < accept_until_);
  }
  MonotonicTime accept_until() const { return accept_until_; }

 private:
  Step step_ = Step::kNone;
  MonotonicTime accept_until_, until_;
  milliseconds last_words_{0}, threads_{0};
  const char* limit_ = "";
};

}  // namespace alicorn
