// The outcome of keeping a request in crash_dir. Lies in the scoreboard: the worker writes it; the
// master reads it and trusts none of it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace alicorn {

struct KeptRequest {
  enum class Outcome : std::uint32_t { kNone, kKept, kDirectoryFull, kFailed, kUnfinished };

  std::atomic<Outcome> outcome{Outcome::kNone};  ///< stored last, with release
  std::int32_t error = 0;                        ///< errno, for kFailed
  std::uint64_t body_kept = 0, body_size = 0;
  char path[440] = "";  ///< of the file for kKept, otherwise of the directory
};
static_assert(sizeof(KeptRequest) % 8 == 0);

}  // namespace alicorn
