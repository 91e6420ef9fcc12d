#include "server/host/folder_lock.hpp"

#include "base/clock.hpp"

#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>

namespace alicorn {
namespace {

constexpr milliseconds kPatience{1'000};  // a start holds it for less than one
constexpr milliseconds kBetweenTries{2};

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

FolderLock::FolderLock(const std::string& path_of_file)
    : folder_(::open(folder_of(path_of_file).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (!folder_) return;  // whoever replaces a file there will report the error
  const MonotonicTime deadline = now() + kPatience;
  while (::flock(folder_.get(), LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK &&
         now() < deadline) {
    ::poll(nullptr, 0, static_cast<int>(kBetweenTries.count()));
  }
}

}  // namespace alicorn
