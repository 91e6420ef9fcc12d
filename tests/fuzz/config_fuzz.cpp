// No configuration file may crash the master, whatever its bytes, and an accepted one must survive
// being printed.
#include "server/config/load.hpp"
#include "server/config/render.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// libFuzzer prescribes this name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view yaml(reinterpret_cast<const char*>(data), size);
  const auto config = alicorn::load_config_text(yaml, "fuzz.yaml");
  if (!config) return 0;
  const std::string printed = alicorn::render_config(*config, {});
  const auto again = alicorn::load_config_text(printed, "printed.yaml");
  if (!again || alicorn::render_config(*again, {}) != printed) std::abort();
  return 0;
}
