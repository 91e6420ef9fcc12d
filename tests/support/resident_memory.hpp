// What a process has in memory. In integration tests.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

#include <sys/types.h>

namespace alicorn::test {

/// 0: there is no such process.
inline std::uint64_t resident_kib(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtoull(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

}  // namespace alicorn::test
