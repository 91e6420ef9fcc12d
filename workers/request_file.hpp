// Writes one request into a file of its own, as `alicorn replay` reads it. Worker; only
// async-signal-safe calls, for the thread that asks may be the one that has just crashed.
#pragma once

#include "workers/settings.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace alicorn {

/// A request as it lies in a worker's memory.
struct RequestBytes {
  std::string_view head;  ///< as received, from the request line to the empty line
  std::string_view body;  ///< what there is of it, decoded
  bool chunked = false;
  std::uint64_t body_size = 0;  ///< of which `body` is the beginning
  std::string_view request_id;
};

/// What has become of it. Lies in the scoreboard: a worker writes, the master reads and believes
/// nothing.
struct KeptRequest {
  enum class Outcome : std::uint32_t { kNone, kKept, kDirectoryFull, kFailed, kUnfinished };

  std::atomic<Outcome> outcome{Outcome::kNone};  ///< stored last, with release
  std::int32_t error = 0;                        ///< errno of kFailed
  std::uint64_t body_kept = 0, body_size = 0;
  char path[440] = "";  ///< of kKept; else the directory
};
static_assert(sizeof(KeptRequest) % 8 == 0);

/// Async-signal-safe. `settings` must be older than the crash.
void write_request_file(const CrashSettings& settings, const RequestBytes& request,
                        KeptRequest& result) noexcept;

}  // namespace alicorn
