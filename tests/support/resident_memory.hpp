// What a process has in memory. In integration tests.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

#include <sys/types.h>

namespace alicorn::test {

/// A sanitizer's heap keeps what is freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kHeapIsGlibcs = false;
#else
inline constexpr bool kHeapIsGlibcs = true;
#endif

/// A value of /proc/PID/status, in KiB. 0: there is no such process.
inline std::uint64_t status_kib(pid_t pid, const std::string& name) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) {
      return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10);
    }
  }
  return 0;
}
inline std::uint64_t resident_kib(pid_t pid) {
  return status_kib(pid, "VmRSS");
}
/// Without pages of files.
inline std::uint64_t anonymous_kib(pid_t pid) {
  return status_kib(pid, "RssAnon");
}

}  // namespace alicorn::test
