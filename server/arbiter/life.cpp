#include "server/arbiter/life.hpp"

namespace alicorn {

Life::Step Life::next(const Facts& facts) {
  switch (stage_) {
    case Stage::kPreparing:
      return facts.are_hooks_idle ? Step::kOpen : Step::kTurn;
    case Stage::kServing:
      if (!facts.is_over) return Step::kTurn;
      [[fallthrough]];
    case Stage::kFailed:
      had_handed_over_ = facts.has_handed_over;
      enter(Stage::kClosing);
      return Step::kSkipHooks;
    case Stage::kClosing:
      if (facts.has_handed_over != had_handed_over_) return leave(facts);
      if (!facts.are_hooks_idle) return Step::kTurn;
      if (!facts.may_tell) return leave(facts);
      enter(Stage::kTelling);
      return Step::kTellExit;
    case Stage::kTelling:
      if (facts.has_handed_over == had_handed_over_ && !facts.are_hooks_idle) return Step::kTurn;
      return leave(facts);
    case Stage::kOver:
      return Step::kEnd;
  }
  return Step::kEnd;
}

/// If the new master of an upgrade has died meanwhile, there is still a service, and this master
/// goes on with it.
Life::Step Life::leave(const Facts& facts) {
  const bool is_over = has_failed_ || facts.is_over;
  enter(is_over ? Stage::kOver : Stage::kServing);
  return is_over ? Step::kEnd : Step::kGoOn;
}

/// on_exit undoes what on_starting has done. Until on_starting has succeeded, there is nothing to
/// undo.
void Life::note_failure(Undoing undoing) {
  has_failed_ = true;
  enter(undoing == Undoing::kOnExit ? Stage::kFailed : Stage::kOver);
}

void Life::hurry(int signal) {
  if (awaits_hooks()) hurried_by_ = signal;
}

void Life::enter(Stage stage) {
  stage_ = stage;
  hurried_by_ = 0;
}

}  // namespace alicorn
