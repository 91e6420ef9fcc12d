// What a reader of bytes answers to each piece it is given. Plain values. Worker.
#pragma once

#include <cstdint>

namespace alicorn {

enum class ReadProgress : std::uint8_t {
  kNeedMore,
  kComplete,  ///< what is read (a head; a body with its trailers) ended
  kRejected,  ///< the reader's rejection() says why
};

}  // namespace alicorn
