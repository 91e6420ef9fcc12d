// How far the master's life has come, where hooks are waited for: on_starting before it serves,
// those that still run and then on_exit before it ends. A wait is a stage of the one loop. Pure.
// Master.
#pragma once

namespace alicorn {

class Life {
 public:
  enum class Stage {
    kPreparing,  ///< on_starting runs
    kServing,
    kFailed,   ///< the start has failed, and there is something to undo
    kClosing,  ///< nothing more to do but to wait for hooks that run already
    kTelling,  ///< on_exit runs
    kOver,
  };
  /// What the loop has to do now.
  enum class Step {
    kTurn,       ///< wait, and do what there is to do
    kOpen,       ///< on_starting has ended: note_open() or note_failure() follows
    kSkipHooks,  ///< what has not begun to run does not run any more
    kTellExit,   ///< on_exit runs, from now on
    kGoOn,       ///< the service is this master's again
    kEnd,
  };
  struct Facts {
    bool are_hooks_idle;
    bool is_over;          ///< the master has nothing more to do
    bool has_handed_over;  ///< to the new master of an upgrade
    bool may_tell;         ///< its end is one of a service, of which on_exit is told
  };

  Stage stage() const { return stage_; }
  /// Again until it says kTurn, kGoOn or kEnd.
  Step next(const Facts& facts);
  /// There are workers, or are to be.
  void note_open() { enter(Stage::kServing); }
  /// Whether on_exit has something to undo.
  enum class Undoing { kNothing, kOnExit };
  void note_failure(Undoing undoing);

  bool has_failed() const { return has_failed_; }
  /// The first generation is open, and the start has not failed.
  bool is_open() const { return stage_ != Stage::kPreparing && !has_failed_; }
  /// Nothing but hooks is waited for.
  bool awaits_hooks() const { return stage_ != Stage::kServing && stage_ != Stage::kOver; }

  /// A stop ends the hooks that are waited for. Not while the master serves.
  void hurry(int signal);
  /// The signal that has hurried this stage; 0: none has.
  int hurried_by() const { return hurried_by_; }

 private:
  void enter(Stage stage);
  Step leave(const Facts& facts);

  Stage stage_ = Stage::kPreparing;
  bool has_failed_ = false;
  bool had_handed_over_ = false;  ///< as it began to close
  int hurried_by_ = 0;
};

}  // namespace alicorn
