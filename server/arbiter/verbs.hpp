// What can be asked of the master, whoever asks: a signal or a command of the control socket.
// Master.
#pragma once

#include "base/log.hpp"
#include "base/result.hpp"
#include "server/arbiter/chores.hpp"

#include <cstdint>
#include <optional>

#include <sys/types.h>

namespace alicorn {

/// A client that asks (`asker`) is told at once why something is not done, by an Error, and of its
/// end otherwise. A signal is put off, or in vain, and the log says so.
class Verbs {
 public:
  virtual ~Verbs() = default;

  virtual Result<void> reload(std::optional<Chores::Asker> asker) = 0;
  /// `from`: the other master of an upgrade, if it passes a rotation on; else whoever, or 0.
  virtual Result<void> reopen(pid_t from, std::optional<Chores::Asker> asker) = 0;
  virtual void resize(int change) = 0;
  /// False: this worker does not serve, or is being replaced already.
  virtual bool recycle(std::uint32_t slot) = 0;
  /// SIGTERM: gracefully; SIGINT, SIGQUIT: quickly.
  virtual void stop(int signal) = 0;
  virtual void park() = 0;
  virtual void upgrade() = 0;
  virtual void order_log_level(log::Level level) = 0;
};

/// SIGTERM, SIGINT or SIGQUIT.
bool is_stop(int signal);

/// Does what the signal asks for; nothing, where it asks for nothing. `sender`: 0 if nobody knows.
void obey(int signal, pid_t sender, Verbs& verbs);

}  // namespace alicorn
