// Compares a text with a committed file. With ALICORN_UPDATE_GOLDEN=1, which script/generate-docs
// sets, writes the text to the file first.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace alicorn::test {

inline std::string read_source_file(const std::string& path) {
  std::ifstream file(std::string(ALICORN_SOURCE_DIR "/") + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// `path` is relative to the top of the tree.
inline void expect_golden(const std::string& text, const std::string& path) {
  if (std::getenv("ALICORN_UPDATE_GOLDEN") != nullptr) {  // NOLINT(concurrency-mt-unsafe)
    std::ofstream(std::string(ALICORN_SOURCE_DIR "/") + path, std::ios::binary) << text;
  }
  EXPECT_EQ(text, read_source_file(path)) << path << " is out of date: run script/generate-docs";
}

}  // namespace alicorn::test
