#include "server/arbiter/loaded_files.hpp"

#include <tuple>

#include <sys/stat.h>

namespace alicorn {

void LoadedFiles::note(std::uint32_t slot, const std::string& path) {
  of_slots_.erase(slot);
  if (const auto stamp = look_at(path)) of_slots_.emplace(slot, *stamp);
}

bool LoadedFiles::is_written_over(std::uint32_t slot, const std::string& path) const {
  const auto noted = of_slots_.find(slot);
  const auto now = look_at(path);
  if (noted == of_slots_.end() || !now) return false;
  const Stamp& then = noted->second;
  if (std::tie(then.device, then.inode) != std::tie(now->device, now->inode)) return false;
  return std::tie(then.size, then.modified_s, then.modified_ns) !=
         std::tie(now->size, now->modified_s, now->modified_ns);
}

std::optional<LoadedFiles::Stamp> LoadedFiles::look_at(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) < 0) return std::nullopt;
  return Stamp{.device = status.st_dev,
               .inode = status.st_ino,
               .size = status.st_size,
               .modified_s = status.st_mtim.tv_sec,
               .modified_ns = status.st_mtim.tv_nsec};
}

}  // namespace alicorn
