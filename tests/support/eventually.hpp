// Polls for a condition. The only place in the tests that sleeps.
#pragma once

#include "base/clock.hpp"

#include <thread>

namespace alicorn::test {

/// Longer than anything takes on a busy machine. Only a failing test waits this long.
inline constexpr milliseconds kPatience{20'000};

/// True if the condition became true within the limit.
template <class Condition>
bool eventually(Condition condition, milliseconds limit = kPatience) {
  constexpr milliseconds kBetweenLooks{5};
  const MonotonicTime deadline = now() + limit;
  while (!condition()) {
    if (now() > deadline) return false;
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return true;
}

/// True if the condition stayed true for the whole time.
template <class Condition>
bool stays(Condition condition, milliseconds time) {
  return !eventually([&] { return !condition(); }, time);
}

}  // namespace alicorn::test
