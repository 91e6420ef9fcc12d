// Paths of the apps that the build made. Tests.
#pragma once

#include <string>

namespace alicorn::test {

inline std::string test_app(const std::string& name) {
  return ALICORN_BINARY_DIR "/tests/apps/" + name + ".so";
}
inline std::string example(const std::string& name) {
  return ALICORN_BINARY_DIR "/examples/" + name + "/" + name + ".so";
}

}  // namespace alicorn::test
