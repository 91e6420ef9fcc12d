// A child that the app has forked shares the clients' sockets, the listeners and the event loop
// with its worker. It may do anything but come back from its callback: it would serve them, too.
// Worker.
#pragma once

#include <atomic>

namespace alicorn {

/// Main thread, before the app is loaded.
void watch_for_forks();

namespace detail {
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): a fork tells nobody else
extern std::atomic<bool> is_forked_child;
}  // namespace detail

/// To be asked when a callback of the app returns.
inline bool is_forked_child() {
  return detail::is_forked_child.load(std::memory_order_relaxed);
}
/// Says so, and ends the child.
[[noreturn]] void end_forked_child();

}  // namespace alicorn
