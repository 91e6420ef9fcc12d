// Forks zygotes: processes that load the app of one generation, and fork its workers. Master.
#pragma once

#include "base/result.hpp"
#include "server/arbiter/fleet/fleet.hpp"
#include "server/arbiter/spawn/spawner.hpp"
#include "server/arbiter/spawn/zygote.hpp"

#include <cstdint>

namespace alicorn {

class ZygoteSpawner {
 public:
  ZygoteSpawner(Fleet& fleet, const Spawner& spawner) : fleet_(fleet), spawner_(spawner) {}

  /// Starts the zygote of this generation. `board`: of one worker, which gets it from the zygote
  /// when the zygote is ordered to fork the worker.
  Result<Zygote> start(std::uint32_t number, int board);

 private:
  ExitCode be_zygote(std::uint32_t number, int socket, pid_t master);

  Fleet& fleet_;
  const Spawner& spawner_;
};

}  // namespace alicorn
