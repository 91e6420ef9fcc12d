// What tests of Python applications need to know. In integration tests.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

namespace alicorn::test {

/// The folder of the applications.
inline const std::string& python_apps() {
  static const std::string folder = ALICORN_SOURCE_DIR "/tests/apps/python";
  return folder;
}

/// False: no Python was found when Alicorn was built.
inline bool has_python_bridge() {
  std::error_code error;
  return std::filesystem::exists(ALICORN_PYTHON_BRIDGES, error) &&
         !std::filesystem::is_empty(ALICORN_PYTHON_BRIDGES, error);
}

}  // namespace alicorn::test
