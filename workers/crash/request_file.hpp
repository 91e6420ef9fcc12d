// Writes one request to a file that `alicorn replay` can read. Worker. Makes only async-signal-safe
// calls, because the calling thread may have just crashed.
#pragma once

#include "workers/contract/kept_request.hpp"
#include "workers/contract/settings.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace alicorn {

/// A request as it lies in the worker's memory.
struct RequestBytes {
  std::string_view head;  ///< as received, from request line to empty line
  std::string_view body;  ///< the part received so far, decoded
  bool chunked = false;
  std::uint64_t body_size = 0;  ///< size of the whole body; `body` is its beginning
  std::string_view request_id;
};

/// Async-signal-safe. `settings` must have existed before the crash.
void write_request_file(const CrashSettings& settings, const RequestBytes& request,
                        KeptRequest& result) noexcept;

}  // namespace alicorn
