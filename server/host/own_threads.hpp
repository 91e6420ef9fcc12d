// The threads of this process other than the caller: those that a fork would leave behind. Any
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

/// Also empty if there is no /proc.
std::vector<OwnThread> other_threads();

}  // namespace alicorn
