#include "server/arbiter/table/goals.hpp"

#include "workers/contract/sizes.hpp"
#include "workers/contract/stop_times.hpp"

#include <algorithm>
#include <utility>

namespace alicorn {

Goals::Goals(std::uint32_t generation, const WorkerPolicy& policy)
    : target_(std::clamp<std::uint32_t>(policy.workers, 1, kWorkersMax)),
      generation_(generation),
      policy_(policy),
      serving_policy_(policy) {}

void Goals::resize(int change) {
  const auto wanted = std::int64_t{target_} + change;
  target_ = static_cast<std::uint32_t>(std::clamp<std::int64_t>(wanted, 1, kWorkersMax));
}

void Goals::reload(std::uint32_t generation, const WorkerPolicy& policy) {
  serving_stands_down_ = is_parked_ || (!is_proven() && serving_stands_down_);
  generation_ = generation;
  policy_ = policy;
  is_parked_ = false;
}

void Goals::abandon_reload() {
  generation_ = serving_generation_;
  policy_ = serving_policy_;
}

/// The effect of TTIN and TTOU outlasts a reload, unless the operator has configured another
/// number.
void Goals::note_proof() {
  if (policy_.workers != serving_policy_.workers) {
    target_ = std::clamp<std::uint32_t>(policy_.workers, 1, kWorkersMax);
  }
  serving_generation_ = generation_;
  serving_policy_ = policy_;
}

void Goals::stop(StopMode mode) {
  stop_mode_ = std::max(stop_mode_, mode);
}

void Goals::terminate(MonotonicTime now) {
  if (!terminated_at_) terminated_at_ = now;
  stop(now - *terminated_at_ < kSecondThought ? StopMode::kGraceful : StopMode::kQuick);
}

bool Goals::unpark() {
  return std::exchange(is_parked_, false);
}

}  // namespace alicorn
