// Arbiter: what its one wait is for, and how long.
#include "server/arbiter/arbiter.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include <poll.h>

namespace alicorn {

milliseconds Arbiter::time_to_next_event() const {
  const MonotonicTime present = now();
  milliseconds next =
      std::min(fleet_.table.time_to_next_event(present), metrics_.time_to_next(present));
  for (const auto& other :
       {control_.desk().socket().next_deadline(present), upgrade_.next_event(present),
        service_.next_word(present), hooks_.runner().next_event(), zygotes_.next_deadline(),
        chores_.errands().deadline()}) {
    if (!other) continue;
    const auto left = std::chrono::ceil<milliseconds>(*other - present);
    next = std::clamp(left, milliseconds(0), next);
  }
  return next;
}

/// Of those who ask, and of what they have asked for.
std::vector<pollfd> Arbiter::awaited_beside_hooks() const {
  std::vector<pollfd> all = control_.desk().socket().awaited(now());
  if (const auto errand = chores_.errands().awaited()) all.push_back(*errand);
  return all;
}

std::vector<pollfd> Arbiter::awaited() const {
  std::vector<pollfd> all = zygotes_.watched();
  for (const pollfd& one : awaited_beside_hooks()) all.push_back(one);
  const int successor = upgrade_.successor().fd();
  if (successor >= 0) all.push_back({.fd = successor, .events = POLLIN, .revents = 0});
  return all;
}

}  // namespace alicorn
