#include "server/arbiter/spawn/zygote_spawner.hpp"

#include "base/log.hpp"
#include "server/arbiter/report/report.hpp"
#include "server/arbiter/spawn/zygote_process.hpp"
#include "server/host/process.hpp"
#include "workers/contract/sizes.hpp"

#include <optional>
#include <string>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {

Result<Zygote> ZygoteSpawner::start(std::uint32_t number, int board) {
  if (auto adopting = adopt_orphans(); !adopting) return tl::unexpected(adopting.error());
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
    return fail_errno("socketpair", "zygote");
  }
  UniqueFd own_end(ends[0]);
  const UniqueFd its_end(ends[1]);
  if (auto telling = tell_senders(own_end.get()); !telling) return tl::unexpected(telling.error());
  WorkerSpawn spawn{.name = "zygote",
                    .title = process_title("zygote", fleet_.generations.at(number).config),
                    .close_in_child = spawner_.heritage().own_descriptors(number),
                    .body = [&, master = ::getpid()] {
                      return static_cast<int>(be_zygote(number, its_end.get(), master));
                    }};
  spawn.close_in_child.push_back(own_end.get());
  spawn.close_in_child.push_back(board);  // one worker's: the zygote gets it with the order
  const auto pid = spawn_worker(spawn);
  if (!pid) return tl::unexpected(pid.error());
  log::debug("the zygote (pid " + std::to_string(*pid) + ") starts",
             {{"generation", std::to_string(number)}});
  return Zygote(number, *pid, std::move(own_end));
}

/// In the child.
ExitCode ZygoteSpawner::be_zygote(std::uint32_t number, int socket, pid_t master) {
  Generation& generation = fleet_.generations.at(number);
  spawner_.heritage().open_log(number);
  if (const auto taken = spawner_.take_on_conditions(generation.config); !taken) {
    return give_up(socket, taken.error(), ExitCode::kBootError);
  }
  die_soon_after(master);
  const auto describe_worker = [&](std::uint32_t slot, AppHost& app,
                                   std::optional<WorkerBoard>& board) {
    return WorkerSpawn{.name = worker_name(slot),
                       .title = process_title(worker_name(slot), generation.config),
                       .close_in_child = {socket},
                       .body = [this, &app, &board, slot, number, master] {
                         die_soon_after(master);
                         WorkerContext context = spawner_.worker_context({slot, number}, *board);
                         context.preloaded = &app;
                         return static_cast<int>(run_worker(context));
                       }};
  };
  return run_zygote(
      {.settings = generation.config.worker,
       .calls_max = kCallsMax,
       .socket = socket,
       .master = master,
       .describe_worker = describe_worker,
       .take_access_log = [&](LingeringFd file) { generation.access_log = std::move(file); }});
}

}  // namespace alicorn
