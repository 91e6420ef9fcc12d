// What can be asked of the master, by a signal or by a command of the control socket. Master.
#pragma once

#include "base/log.hpp"
#include "base/result.hpp"
#include "server/arbiter/chores.hpp"

#include <cstdint>
#include <optional>

#include <sys/types.h>

namespace alicorn {

/// If a verb cannot be done, an Error tells the client that asks (`asker`) why, at once; otherwise
/// the client is told when it is done. A signal is put off or has no effect, and the log says so.
class Verbs {
 public:
  virtual ~Verbs() = default;

  virtual Result<void> reload(std::optional<Chores::Asker> asker) = 0;
  /// `from`: pid of the sender, 0 if unknown. A rotation is not passed back to it.
  virtual Result<void> reopen(pid_t from, std::optional<Chores::Asker> asker) = 0;
  virtual void resize(int change) = 0;
  /// False: this worker does not serve, or is already being replaced.
  virtual bool recycle(std::uint32_t slot) = 0;
  /// SIGTERM: gracefully; SIGINT, SIGQUIT: quickly.
  virtual void stop(int signal) = 0;
  virtual void park() = 0;
  virtual void upgrade() = 0;
  virtual void order_log_level(log::Level level) = 0;
};

/// SIGTERM, SIGINT or SIGQUIT.
bool is_stop(int signal);

/// Does what the signal asks for, if anything. `sender`: 0 if unknown.
void obey(int signal, pid_t sender, Verbs& verbs);

}  // namespace alicorn
