// The result that a reader of bytes returns for each piece. Plain values. Worker.
#pragma once

#include <cstdint>

namespace alicorn {

enum class ReadProgress : std::uint8_t {
  kNeedMore,
  kComplete,  ///< the head, or the body with its trailers, has ended
  kRejected,  ///< the reader's rejection() says why
};

}  // namespace alicorn
