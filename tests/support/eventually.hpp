// Waits for a condition by looking again: the one place of the tests that sleeps.
#pragma once

#include "base/clock.hpp"

#include <thread>

namespace alicorn::test {

/// Longer than anything takes on a machine that is busy with other things: only a failure waits so
/// long.
inline constexpr milliseconds kPatience{20'000};

/// Whether the condition became true within the limit.
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

/// Whether the condition stayed true for all of that time.
template <class Condition>
bool stays(Condition condition, milliseconds time) {
  return !eventually([&] { return !condition(); }, time);
}

}  // namespace alicorn::test
