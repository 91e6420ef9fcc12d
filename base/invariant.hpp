// Checks what must hold at this point of the code, whatever anybody has sent. A broken invariant is
// our own mistake, and going on would make it worse. Used in any process.
#pragma once

#include <string_view>

namespace alicorn {

/// Names the broken invariant on standard error and aborts. In a worker this gives a crash report.
[[noreturn]] void fail_invariant(std::string_view what) noexcept;

/// Always on, in every build. `what` names the invariant, with its number in docs/architecture.md
/// if it has one: "I4: callbacks of one request never overlap".
inline void ensure(bool condition, std::string_view what) noexcept {
  if (!condition) [[unlikely]]
    fail_invariant(what);
}

}  // namespace alicorn
