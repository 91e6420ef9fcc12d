// The sockets that a process has open. In tests.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <system_error>

#include <sys/types.h>

namespace alicorn::test {

/// The names in /proc, such as "socket:[1234]", are the same in every process.
inline std::set<std::string> open_sockets(pid_t pid) {
  std::set<std::string> sockets;
  std::error_code error;
  const std::filesystem::path folder = "/proc/" + std::to_string(pid) + "/fd";
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
    if (target.starts_with("socket:")) sockets.insert(target);
  }
  return sockets;
}

}  // namespace alicorn::test
