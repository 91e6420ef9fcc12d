// Writes one request into a file of its own, as `alicorn replay` reads it. Worker; only
// async-signal-safe calls, for the thread that asks may be the one that has just crashed.
#pragma once

#include "workers/contract/kept_request.hpp"
#include "workers/contract/settings.hpp"

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

/// Async-signal-safe. `settings` must be older than the crash.
void write_request_file(const CrashSettings& settings, const RequestBytes& request,
                        KeptRequest& result) noexcept;

}  // namespace alicorn
