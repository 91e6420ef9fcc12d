// The threads of this process besides the one that asks: what a fork would leave behind. Any
// process.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace alicorn {

struct OwnThread {
  pid_t id;
  std::string name;  ///< as pthread_setname_np() left it
};

/// Empty too where there is no /proc to look at.
std::vector<OwnThread> other_threads();

}  // namespace alicorn
