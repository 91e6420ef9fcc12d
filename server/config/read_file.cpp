#include "server/config/read_file.hpp"

#include "base/unique_fd.hpp"

#include <array>

#include <fcntl.h>
#include <sys/stat.h>

namespace alicorn {

Result<std::string> read_file(const std::string& path, std::size_t size_max, FileKind kind) {
  const int waiting = kind == FileKind::kRegular ? O_NONBLOCK : 0;
  auto file = adopt(::open(path.c_str(), O_RDONLY | O_CLOEXEC | waiting), "open", path);
  if (!file) return tl::unexpected(std::move(file.error()));
  struct stat status {};
  if (::fstat(file->get(), &status) < 0) return fail_errno("stat", path);
  if (kind == FileKind::kRegular && !S_ISREG(status.st_mode)) return fail("is no regular file");
  std::string text;
  std::array<char, 16'384> chunk;
  for (;;) {
    const ssize_t size = ::read(file->get(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_errno("read", path);
    if (size == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(size));
    if (text.size() > size_max) {
      errno = EFBIG;
      return fail_errno("read", path);
    }
  }
}

}  // namespace alicorn
