// A child that the app has forked shares the clients' sockets, the listeners and the event loop
// with its worker. The child may do anything except return from its callback: it would then serve
// clients too. Worker.
#pragma once

#include <atomic>

namespace alicorn {

/// Called on the main thread, before the app is loaded.
void watch_for_forks();

namespace detail {
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): a fork tells nobody else
extern std::atomic<bool> is_forked_child;
}  // namespace detail

/// Asked whenever a callback of the app returns.
inline bool is_forked_child() {
  return detail::is_forked_child.load(std::memory_order_relaxed);
}
/// Logs the mistake and ends the child.
[[noreturn]] void end_forked_child();

}  // namespace alicorn
