// The table's orders, which the arbiter executes. Plain values. Master.
#pragma once

#include <cstdint>
#include <variant>

#include <sys/types.h>

namespace alicorn {

/// Why a worker gets a signal.
enum class SignalReason {
  kDrain,
  kStop,
  kRecycle,
  kNoHeartbeat,
  kNoReturn,  ///< from the app's worker_exit
  kBootTimeout,
  kNoEndByAbort,  ///< SIGABRT has not ended it
  kStillThere,    ///< after its time to leave
};

struct Spawn {
  std::uint32_t slot;
  std::uint32_t generation;
};
struct Signal {
  std::uint32_t slot;
  pid_t pid;
  int number;
  SignalReason reason;
};
/// Events that others wait for: systemd, the parent of a daemon, listeners that only the old
/// generation used.
enum class Milestone {
  kServing,           ///< the first worker ever is ready
  kGenerationServes,  ///< the first worker of a reload is ready: there is no way back
  kSettled,           ///< as many workers as wanted, and none of an older generation left
  kStopping,          ///< announced once, before any worker is told
};
/// Not even SIGKILL has ended the worker in time: on_exit() must be told that it is stuck.
struct LeaveBehind {
  pid_t pid;
};
using Order = std::variant<Spawn, Signal, LeaveBehind, Milestone>;

}  // namespace alicorn
