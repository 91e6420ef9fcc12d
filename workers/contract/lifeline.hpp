// A pipe whose write end only the master holds. EOF tells a worker that the master has died,
// whatever the cause.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace alicorn {

struct Lifeline {
  UniqueFd read_end;   ///< workers wait here for EOF
  UniqueFd write_end;  ///< held by the master; every child closes it first

  static Result<Lifeline> create() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return fail_errno("pipe2", "lifeline");
    return Lifeline{UniqueFd(ends[0]), UniqueFd(ends[1])};
  }
};

}  // namespace alicorn
