// The stages of the master's life at which it waits for hooks: on_starting before it serves; before
// it ends, the hooks that still run and then on_exit. A wait is a stage of the one loop. Pure.
// Master.
#pragma once

namespace alicorn {

class Life {
 public:
  enum class Stage {
    kPreparing,  ///< on_starting runs
    kServing,
    kFailed,   ///< the start has failed, and there is something to undo
    kClosing,  ///< only hooks that already run are waited for
    kTelling,  ///< on_exit runs
    kOver,
  };
  /// What the loop has to do now.
  enum class Step {
    kTurn,       ///< wait, and do what there is to do
    kOpen,       ///< on_starting has ended: note_open() or note_failure() follows
    kSkipHooks,  ///< hooks that have not started yet no longer run
    kTellExit,   ///< on_exit must run now
    kGoOn,       ///< the service is this master's again
    kEnd,
  };
  struct Facts {
    bool are_hooks_idle;
    bool is_over;          ///< the master has nothing more to do
    bool has_handed_over;  ///< to the new master of an upgrade
    bool may_tell;         ///< its end is the end of a service, which on_exit is told
  };

  Stage stage() const { return stage_; }
  /// To be called again until it says kTurn, kGoOn or kEnd.
  Step next(const Facts& facts);
  /// There are workers, or there will be.
  void note_open() { enter(Stage::kServing); }
  /// Whether on_exit has something to undo.
  enum class Undoing { kNothing, kOnExit };
  void note_failure(Undoing undoing);

  bool has_failed() const { return has_failed_; }
  /// The first generation is open, and the start has not failed.
  bool is_open() const { return stage_ != Stage::kPreparing && !has_failed_; }
  /// The master waits for nothing but hooks.
  bool awaits_hooks() const { return stage_ != Stage::kServing && stage_ != Stage::kOver; }

  /// A stop signal ends the hooks that are waited for. Does nothing while the master serves.
  void hurry(int signal);
  /// The signal that hurried this stage; 0: none did.
  int hurried_by() const { return hurried_by_; }

 private:
  void enter(Stage stage);
  Step leave(const Facts& facts);

  Stage stage_ = Stage::kPreparing;
  bool has_failed_ = false;
  bool had_handed_over_ = false;  ///< when it began to close
  int hurried_by_ = 0;
};

}  // namespace alicorn
