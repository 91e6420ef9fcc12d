#include "text/regular_file.hpp"

#include "text/descriptor.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace jwt_auth {
namespace {

[[noreturn]] void fail() {
  const int error = errno;
  throw FileProblem(std::generic_category().message(error), error);
}

const char* kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return "a folder";
    case S_IFIFO:
      return "a pipe";
    case S_IFSOCK:
      return "a socket";
    default:
      return "a device";
  }
}

}  // namespace

RegularFile read_regular_file(const std::string& path, std::size_t size_max) {
  // Non-blocking: opening a pipe would wait for its other end, opening a file for its lease.
  const Descriptor opened(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  RegularFile file;
  if (!opened || ::fstat(opened.get(), &file.status) != 0) fail();
  if (!S_ISREG(file.status.st_mode)) {
    throw FileProblem(std::string("it is ") + kind_of(file.status.st_mode) +
                      ", not a regular file");
  }
  std::array<char, 16'384> part{};
  for (;;) {
    const ssize_t count = ::read(opened.get(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail();
    if (count == 0) return file;
    file.text.append(part.data(), static_cast<std::size_t>(count));
    if (file.text.size() > size_max) {
      throw FileProblem("it is too large, more than " + std::to_string(size_max >> 10) + " KiB");
    }
  }
}

}  // namespace jwt_auth
