// What must hold at this point of the code, whatever anybody has sent: if it does not, we have made
// a mistake, and to go on would make it worse. Any process.
#pragma once

#include <string_view>

namespace alicorn {

/// Says on standard error which invariant is broken, and aborts: in a worker, with the report of a
/// crash.
[[noreturn]] void fail_invariant(std::string_view what) noexcept;

/// Always on, in every build. `what`: the invariant, with its number in docs/architecture.md if it
/// has one: "I4: callbacks of one request never overlap".
inline void ensure(bool condition, std::string_view what) noexcept {
  if (!condition) [[unlikely]]
    fail_invariant(what);
}

}  // namespace alicorn
