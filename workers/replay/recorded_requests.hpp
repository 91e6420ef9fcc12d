// What a recorded request holds, before it is replayed. Plain functions of bytes. `alicorn replay`.
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
    kWhole,    ///< behind the last byte of a request
    kInHead,   ///< a client that had sent no more
    kInBody,   ///< likewise
    kRefused,  ///< no request that the server takes
  };

  std::vector<std::int32_t> methods;  ///< ALICORN_METHOD_... of each whole request
  std::vector<std::size_t> ends;      ///< and how many bytes they take with those before
  /// Names, in lower case, of fields whose values were masked when the request was kept.
  std::vector<std::string> masked;
  End end = End::kWhole;
  int status = 0;           ///< of kRefused: what the server answers
  std::string_view reason;  ///< of kRefused
};

/// Reads all requests, pipelined, as the server will.
RecordedRequests examine_recording(std::string_view bytes, const WorkerSettings& settings);

/// "2 requests, and the head of one more"
std::string describe_recording(const RecordedRequests& recording);

}  // namespace alicorn
