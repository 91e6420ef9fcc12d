#include "base/invariant.hpp"

#include <cstdlib>

#include <sys/uio.h>
#include <unistd.h>

namespace alicorn {

// Does not use the log: this thread may hold the log's lock.
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
