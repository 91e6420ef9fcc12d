// A pipe whose write end only the master holds: its EOF tells a worker that the master died,
// however it died.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace alicorn {

struct Lifeline {
  UniqueFd read_end;   ///< workers wait for EOF on it
  UniqueFd write_end;  ///< the master's; closed first thing in every child

  static Result<Lifeline> create() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return fail_errno("pipe2", "lifeline");
    return Lifeline{UniqueFd(ends[0]), UniqueFd(ends[1])};
  }
};

}  // namespace alicorn
