#include "server/arbiter/verbs.hpp"

#include <signal.h>

namespace alicorn {

bool is_stop(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT;
}

void obey(int signal, pid_t sender, Verbs& verbs) {
  switch (signal) {
    case SIGHUP:
      return static_cast<void>(verbs.reload(std::nullopt));
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
      return verbs.stop(signal);
    case SIGTTIN:
      return verbs.resize(+1);
    case SIGTTOU:
      return verbs.resize(-1);
    case SIGUSR1:
      return static_cast<void>(verbs.reopen(sender, std::nullopt));
    case SIGUSR2:
      return verbs.upgrade();
    case SIGWINCH:
      return verbs.park();
    default:
      return;  // children are reaped after every wake-up
  }
}

}  // namespace alicorn
