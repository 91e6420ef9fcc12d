#include "base/invariant.hpp"

#include <cstdlib>

#include <sys/uio.h>
#include <unistd.h>

namespace alicorn {

// Not through the log: its lock may be what this thread holds.
void fail_invariant(std::string_view what) noexcept {
  constexpr std::string_view kBegin = "alicorn: a bug: this does not hold: ";
  const auto part = [](std::string_view text) {
    return iovec{const_cast<char*>(text.data()), text.size()};
  };
  const iovec parts[] = {part(kBegin), part(what), part("\n")};
  static_cast<void>(::writev(STDERR_FILENO, parts, 3) == 0);
  std::abort();
}

}  // namespace alicorn
