// A worker with a free thread asks others for a request that waits there: whom it need not ask, and
// how long the thread is kept for the answer. Decides without acting. Worker, I/O thread.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <vector>

namespace alicorn {

class Inquiry {
 public:
  enum class Answer { kComes, kNothing };

  explicit Inquiry(std::uint32_t slots) : had_nothing_(slots) {}

  /// A thread has become free, or time has gone by: who had nothing may have something now.
  void begin_anew() {
    had_nothing_.assign(had_nothing_.size(), false);
    if (state_ != State::kThreadKept) has_begun_ = false;
  }
  bool may_ask(MonotonicTime now) const {
    switch (state_) {
      case State::kNobodyAsked:
        return !has_begun_ || now - began_ < kThreadIsKept;
      case State::kThreadKept:
        return false;
      case State::kAnswerIsLate:
        return now - began_ >= kPatience;
    }
    return false;
  }
  /// By slot: has just said that nothing waits there that could go.
  const std::vector<bool>& had_nothing() const { return had_nothing_; }

  /// The worker of this slot is asked. Returns until when a thread is to be kept: not longer than
  /// for the first one that was asked, or workers with requests that cannot go would keep it for
  /// ever.
  MonotonicTime ask(std::uint32_t slot, MonotonicTime now) {
    if (!has_begun_ || state_ == State::kAnswerIsLate) began_ = now;
    has_begun_ = true;
    state_ = State::kThreadKept;
    asked_ = slot;
    return began_ + kThreadIsKept;
  }
  /// That time is over.
  void note_late() { state_ = State::kAnswerIsLate; }
  /// False: this worker was not asked.
  bool note_answer(std::uint32_t slot, Answer answer) {
    if (state_ == State::kNobodyAsked || slot != asked_) return false;
    state_ = State::kNobodyAsked;
    if (answer == Answer::kNothing) had_nothing_[slot] = true;
    if (answer == Answer::kComes) has_begun_ = false;
    return true;
  }

 private:
  /// A worker answers within a turn of its loop, a tenth of a millisecond. In this time a loop that
  /// runs a short call comes to its mail, too.
  static constexpr milliseconds kThreadIsKept{2};
  /// A worker that has not answered after this is gone, or stands still.
  static constexpr milliseconds kPatience{50};
  enum class State { kNobodyAsked, kThreadKept, kAnswerIsLate };

  State state_ = State::kNobodyAsked;
  bool has_begun_ = false;  ///< to ask, since a thread became free
  MonotonicTime began_{};
  std::uint32_t asked_ = 0;
  std::vector<bool> had_nothing_;
};

}  // namespace alicorn
