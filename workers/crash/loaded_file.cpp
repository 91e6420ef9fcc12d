#include "workers/crash/loaded_file.hpp"

#include <tuple>

namespace alicorn {
namespace {

auto name_of(const struct stat& status) {
  return std::tie(status.st_dev, status.st_ino);
}

auto content_of(const struct stat& status) {
  return std::tie(status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

}  // namespace

void LoadedFile::note(const std::string& path) {
  path_ = path;
  is_noted_ = ::stat(path_.c_str(), &noted_) == 0;
}

bool LoadedFile::is_written_over() const noexcept {
  struct stat now {};
  if (!is_noted_ || ::stat(path_.c_str(), &now) < 0) return false;
  return name_of(now) == name_of(noted_) && content_of(now) != content_of(noted_);
}

void LoadedFile::tell_in_crash(std::atomic<std::uint32_t>& written_over) {
  written_over_ = &written_over;
  add_crash_step({.run =
                      [](void* context, const CrashRecord&) noexcept {
                        const auto& file = *static_cast<const LoadedFile*>(context);
                        file.written_over_->store(file.is_written_over() ? 1 : 0,
                                                  std::memory_order_relaxed);
                      },
                  .context = this});
}

}  // namespace alicorn
