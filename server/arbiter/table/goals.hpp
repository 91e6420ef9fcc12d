// What the table works towards: how many workers of which generation there should be, or none.
// Pure. Master.
#pragma once

#include "base/clock.hpp"
#include "server/arbiter/table/worker_handle.hpp"

#include <cstdint>
#include <optional>

namespace alicorn {

enum class StopMode { kNone, kGraceful, kQuick };

class Goals {
 public:
  Goals(std::uint32_t generation, const WorkerPolicy& policy);

  void resize(int change);
  void reload(std::uint32_t generation, const WorkerPolicy& policy);
  /// Back to the generation that serves.
  void abandon_reload();
  /// The first worker of the goal's generation is ready.
  void note_proof();
  void stop(StopMode mode);
  void terminate(MonotonicTime now);
  void park() { is_parked_ = true; }
  /// False: the table was not parked.
  bool unpark();

  std::uint32_t target() const { return target_; }
  std::uint32_t generation() const { return generation_; }
  /// 0: none was ready yet.
  std::uint32_t serving_generation() const { return serving_generation_; }
  const WorkerPolicy& policy() const { return policy_; }
  /// The policy of that generation; before anything has served, the one the server was started
  /// with.
  const WorkerPolicy& serving_policy() const { return serving_policy_; }
  const WorkerPolicy& policy_of(std::uint32_t generation) const {
    return generation == generation_ ? policy_ : serving_policy_;
  }
  StopMode stop_mode() const { return stop_mode_; }
  bool is_parked() const { return is_parked_; }
  /// A worker of the goal's generation was ready.
  bool is_proven() const { return generation_ == serving_generation_; }
  /// Neither stopping nor parked.
  bool wants_workers() const { return stop_mode_ == StopMode::kNone && !is_parked_; }
  /// The goal's generation has not proved itself yet: until then the service relies on the one
  /// before, which is known to be good.
  bool wants_stand_ins() const {
    return serving_generation_ != 0 && !is_proven() && !serving_stands_down_;
  }
  /// A worker of this generation that is lost is replaced by one of the same generation.
  bool is_kept_up(std::uint32_t generation) const {
    return generation == generation_ || (generation == serving_generation_ && wants_stand_ins());
  }

 private:
  std::uint32_t target_;
  std::uint32_t generation_;
  std::uint32_t serving_generation_ = 0;
  WorkerPolicy policy_;
  WorkerPolicy serving_policy_;
  StopMode stop_mode_ = StopMode::kNone;
  std::optional<MonotonicTime> terminated_at_;
  bool is_parked_ = false;
  bool serving_stands_down_ = false;  ///< it was parked when the goal's generation was set
};

}  // namespace alicorn
