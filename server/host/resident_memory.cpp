#include "server/host/resident_memory.hpp"

#include "base/unique_fd.hpp"

#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace alicorn {

std::uint64_t resident_memory(pid_t pid) {
  if (pid <= 0) return 0;
  const std::string path = "/proc/" + std::to_string(pid) + "/statm";
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return 0;
  std::array<char, 128> buffer{};
  const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
  if (size <= 0) return 0;
  // Pages: "size resident shared text lib data dt".
  std::string_view text(buffer.data(), static_cast<std::size_t>(size));
  text.remove_prefix(text.find(' ') + 1);
  std::uint64_t pages = 0;
  std::from_chars(text.data(), text.data() + text.size(), pages);
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace alicorn
