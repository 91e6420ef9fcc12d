#include "workers/app/forked_child.hpp"

#include "base/log.hpp"

#include <pthread.h>
#include <unistd.h>

namespace alicorn {

std::atomic<bool> detail::is_forked_child{false};

void watch_for_forks() {
  ::pthread_atfork(nullptr, nullptr, [] { detail::is_forked_child.store(true); });
}

void end_forked_child() {
  log::reinitialise_in_child("child of a worker");
  log::error(
      "a process that the app has forked has come back from its callback, where it would serve the "
      "worker's clients: it ends (a child must exec, or end by _exit)");
  ::_exit(1);
}

}  // namespace alicorn
