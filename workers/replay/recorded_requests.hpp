// Examines recorded requests before they are replayed. Plain functions of bytes. `alicorn replay`.
#pragma once

#include "workers/contract/settings.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

struct RecordedRequests {
  enum class End {
    kWhole,    ///< they end with the last byte of a request
    kInHead,   ///< they end inside a head: the client had sent no more
    kInBody,   ///< they end inside a body: the client had sent no more
    kRefused,  ///< one is not a request that the server accepts
  };

  std::vector<std::int32_t> methods;  ///< ALICORN_METHOD_... of each whole request
  std::vector<std::size_t> ends;      ///< where each of them ends, in bytes from the start
  /// Names, in lower case, of fields whose values were masked when the request was kept.
  std::vector<std::string> masked;
  End end = End::kWhole;
  int status = 0;           ///< for kRefused: what the server answers
  std::string_view reason;  ///< for kRefused
};

/// Reads all requests, pipelined, as the server will read them.
RecordedRequests examine_recording(std::string_view bytes, const WorkerSettings& settings);

/// "2 requests, and the head of one more"
std::string describe_recording(const RecordedRequests& recording);

}  // namespace alicorn
