// What a disk may hold up: a child of the master does it, one errand at a time, so that the master
// goes on supervising meanwhile. Master.
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
  /// In the child. It sees the master as it was when the errand began, and changes nothing of it.
  std::function<ErrandFinds()> work;
  /// In the master, from hear() or give_up(). An Error: the child brought nothing back.
  std::function<void(Result<ErrandFinds>)> done;
};

class Errands {
 public:
  /// As spawn_worker().
  using Spawner = std::function<Result<pid_t>(const WorkerSpawn&)>;
  explicit Errands(Spawner spawner = spawn_worker) : spawn_(std::move(spawner)) {}

  bool is_busy() const { return under_way_.has_value(); }
  /// Only when none is under way. `close_in_child`: as of a worker. A child that has not come back
  /// within `limit` is killed, and nothing of what it has done counts. Where there can be no child,
  /// or as many are stuck as kStuckMax, `done` is called at once.
  void send(Errand errand, const std::vector<int>& close_in_child, milliseconds limit,
            MonotonicTime now);
  /// In each turn of the master's loop.
  void hear(MonotonicTime now);
  /// The master ends.
  void give_up(MonotonicTime now);
  /// Whether that is the child of one, also one that was killed and is there still.
  bool runs(pid_t pid) const;
  /// Whether that was the child of an errand.
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
