// A seed that differs in each worker: made after the fork. Worker.
#pragma once

#include <cstdint>
#include <random>

namespace alicorn {

inline std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace alicorn
