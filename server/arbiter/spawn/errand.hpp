// Work that a disk may hold up: a child of the master does it, one errand at a time, so that the
// master can go on supervising. Master.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "server/arbiter/spawn/errand_parcel.hpp"
#include "server/host/process.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/types.h>

namespace alicorn {

struct Errand {
  std::string purpose;  ///< "reload": in ps, and in messages
  /// In the child. It sees the master as it was when the errand began, and changes nothing in it.
  std::function<ErrandFinds()> work;
  /// In the master, from hear() or give_up(). An Error: the child brought nothing back.
  std::function<void(Result<ErrandFinds>)> done;
};

class Errands {
 public:
  /// The same as spawn_worker().
  using Spawner = std::function<Result<pid_t>(const WorkerSpawn&)>;
  explicit Errands(Spawner spawner = spawn_worker) : spawn_(std::move(spawner)) {}

  bool is_busy() const { return under_way_.has_value(); }
  /// To be called only when no errand is under way. `close_in_child`: as for a worker. A child that
  /// has not come back within `limit` is killed, and nothing that it has done counts. If no child
  /// can be forked, or kStuckMax children are stuck, `done` is called at once.
  void send(Errand errand, const std::vector<int>& close_in_child, milliseconds limit,
            MonotonicTime now);
  /// To be called in each turn of the master's loop.
  void hear(MonotonicTime now);
  /// The master ends.
  void give_up(MonotonicTime now);
  /// Whether this is the child of an errand, including one that was killed and is still there.
  bool runs(pid_t pid) const;
  /// Whether the process was the child of an errand.
  bool on_exit(const ExitReport& report);

  std::optional<pollfd> awaited() const;
  std::optional<MonotonicTime> deadline() const;

 private:
  struct UnderWay {
    Errand errand;
    pid_t pid;
    UniqueFd socket;
    ErrandReader reader;
    milliseconds limit;
    MonotonicTime deadline;
  };

  struct Leaving {
    pid_t pid;
    MonotonicTime stuck_from;
  };

  /// A disk that does not answer must not fill the machine with processes that wait for it.
  static constexpr std::ptrdiff_t kStuckMax = 4;

  void end(Result<ErrandFinds> finds, MonotonicTime stuck_from);
  bool are_many_stuck(MonotonicTime now) const;

  Spawner spawn_;
  std::optional<UnderWay> under_way_;
  std::vector<Leaving> leaving_;  ///< children that have come back, or were killed
};

}  // namespace alicorn
