#include "server/arbiter/spawn/spawner.hpp"

#include "base/lingering_fd.hpp"
#include "base/open_descriptors.hpp"
#include "server/arbiter/report/report.hpp"
#include "server/host/process.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {

Result<pid_t> Spawner::spawn(const Spawn& order, WorkerBoard& board) {
  const std::string name = worker_name(order.slot);
  std::vector<int> unwanted = heritage_.own_descriptors(order.generation);
  const std::vector<int> files = take_regular_files(unwanted);
  const WorkerSpawn worker{
      .name = name,
      .title = process_title(name, fleet_.generations.at(order.generation).config),
      .close_in_child = std::move(unwanted),
      .body = [&, master = ::getpid()] {
        return static_cast<int>(be_worker(order, board, files, master));
      }};
  auto pid = spawn_worker(worker);
  board.keep_from_children();
  return pid;
}

/// In the child.
ExitCode Spawner::be_worker(const Spawn& order, WorkerBoard& board,
                            const std::vector<int>& unwanted_files, pid_t master) const {
  heritage_.open_log(order.generation);
  const Config& config = fleet_.generations.at(order.generation).config;
  if (const auto taken = take_on_conditions(config); !taken) {
    board.set_boot_error(taken.error().text());
    return ExitCode::kBootError;
  }
  die_soon_after(master);
  // Only after the change of user, which waits for every thread, even for one that a disk holds up.
  let_threads_close();
  for (const int file : unwanted_files) close_in_background(file);
  return run_worker(worker_context(order, board));
}

Result<void> Spawner::take_on_conditions(const Config& config) const {
  if (config.umask) ::umask(*config.umask);
  for (const auto& [name, value] : config.env) ::setenv(name.c_str(), value.c_str(), 1);
  const std::optional<Identity>& identity = heritage_.identity;
  Result<void> taken = identity ? take_on(*identity) : Result<void>();
  set_dumpable(heritage_.dumpable);
  return taken;
}

WorkerContext Spawner::worker_context(const Spawn& order, WorkerBoard& board) const {
  const Generation& generation = fleet_.generations.at(order.generation);
  WorkerContext context{.settings = generation.config.worker,
                        .listeners = {},
                        .board = board,
                        .loads = fleet_.scoreboard.loads(),
                        .mail_room = fleet_.scoreboard.mail_room(),
                        .slot = order.slot,
                        .generation = order.generation,
                        .seniority = fleet_.scoreboard.seniority_of(order.generation),
                        .lifeline_fd = heritage_.lifeline.read_end.get(),
                        .wake_fd = heritage_.signals.wake_fd(),
                        .access_log_fd = generation.access_log.get()};
  const Listeners& listeners = generation.listeners;
  for (auto at = listeners.begin(); at != listeners.end(); ++at) {
    const auto is_same = [&](const auto& other) { return share_an_address(*other, **at); };
    context.listeners.push_back(
        {.fd = (*at)->fd.get(),
         .address = (*at)->address,
         .place = static_cast<std::uint32_t>(std::count_if(listeners.begin(), at, is_same)),
         .places = static_cast<std::uint32_t>(
             std::count_if(listeners.begin(), listeners.end(), is_same))});
  }
  return context;
}

}  // namespace alicorn
