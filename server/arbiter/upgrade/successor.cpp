#include "server/arbiter/upgrade/successor.hpp"

#include "server/arbiter/upgrade/upgrade_message.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace alicorn {

bool Successor::listen() {
  constexpr std::size_t kHeardMax = 64 * 1024;  // only the last line counts
  constexpr int kReadsMax = 32;  // per turn, so that an endless writer cannot hold up the loop
  std::array<char, 4096> buffer{};
  for (int reads = 0; pipe_ && reads < kReadsMax; ++reads) {
    const ssize_t size = ::read(pipe_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) break;
    // End of file: close the pipe, or poll() would report it for ever.
    if (size <= 0) pipe_.reset();
    // A binary from before ALICORN_STDERR_FD keeps writing here: discard it.
    if (size <= 0 || has_served_) continue;
    heard_.append(buffer.data(), static_cast<std::size_t>(size));
    if (heard_.size() > kHeardMax) heard_.erase(0, heard_.size() - kHeardMax);
  }
  if (has_served_) return false;
  auto superseded = find_serving(heard_);
  if (!superseded) return false;
  superseded_ = std::move(*superseded);
  has_served_ = true;
  heard_.clear();
  return true;
}

std::string Successor::last_words() const {
  constexpr std::size_t kLineMax = 1024;
  const std::size_t end = heard_.find_last_not_of('\n') + 1;
  if (end == 0) return {};
  const std::size_t newline = heard_.rfind('\n', end - 1);
  const std::size_t start = newline == std::string::npos ? 0 : newline + 1;
  std::string_view line = std::string_view(heard_).substr(start, std::min(end - start, kLineMax));
  constexpr std::string_view kPrefix = "alicorn: ";
  if (line.starts_with(kPrefix)) line.remove_prefix(kPrefix.size());
  return std::string(line);
}

}  // namespace alicorn
