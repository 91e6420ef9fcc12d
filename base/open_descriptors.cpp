#include "base/open_descriptors.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {

mode_t type_of(int fd) {
  // The type of an open file never changes, so no server needs to be asked.
  struct statx status {};
  const int how = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  return ::statx(fd, "", how, STATX_TYPE, &status) == 0 ? status.stx_mode : 0;
}

bool is_regular_file(int fd) {
  return S_ISREG(type_of(fd));
}

std::vector<int> take_regular_files(std::vector<int>& fds) {
  std::vector<int> taken;
  std::copy_if(fds.begin(), fds.end(), std::back_inserter(taken), is_regular_file);
  std::erase_if(fds, is_regular_file);
  return taken;
}

std::vector<int> open_descriptors() {
  std::vector<int> fds;
  std::error_code failed;
  std::filesystem::directory_iterator entries("/proc/self/fd", failed);
  for (; !failed && entries != std::filesystem::directory_iterator(); entries.increment(failed)) {
    fds.push_back(std::atoi(entries->path().filename().c_str()));
  }
  entries = {};  // its own descriptor is in the list
  std::erase_if(fds, [](int fd) { return type_of(fd) == 0; });
  return fds;
}

void close_all_but_files(std::initializer_list<int> kept) {
  for (const int fd : open_descriptors()) {
    const bool is_kept = std::find(kept.begin(), kept.end(), fd) != kept.end();
    if (fd > STDERR_FILENO && !is_kept && !is_regular_file(fd)) ::close(fd);
  }
}

}  // namespace alicorn
