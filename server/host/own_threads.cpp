#include "server/host/own_threads.hpp"

#include <filesystem>
#include <fstream>
#include <system_error>

#include <stdlib.h>
#include <unistd.h>

namespace alicorn {

std::vector<OwnThread> other_threads() {
  std::vector<OwnThread> threads;
  std::error_code error;
  std::filesystem::directory_iterator entries("/proc/self/task", error);
  while (!error && entries != std::filesystem::directory_iterator()) {
    const std::filesystem::path path = entries->path();
    const auto id = static_cast<pid_t>(std::strtol(path.filename().c_str(), nullptr, 10));
    if (id != ::gettid()) {
      std::string name;
      std::ifstream file(path / "comm");
      if (std::getline(file, name)) threads.push_back({id, name});  // else it has ended meanwhile
    }
    entries.increment(error);
  }
  return threads;
}

}  // namespace alicorn
