#include "server/host/held_folder.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

namespace alicorn {

Result<HeldFolder> HeldFolder::of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  auto opened = adopt(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC), "open", path);
  if (!opened) return tl::unexpected(opened.error());
  return HeldFolder(std::move(*opened), path.substr(slash + 1), path);
}

Result<struct stat> HeldFolder::look() const {
  struct stat status {};
  if (::fstatat(folder_.get(), name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) {
    return fail_errno("stat", path_);
  }
  return status;
}

bool HeldFolder::has(dev_t device, ino_t inode) const {
  const auto status = look();
  return status && status->st_dev == device && status->st_ino == inode;
}

Result<UniqueFd> HeldFolder::open(const std::string& name, int flags, mode_t mode) const {
  return adopt(::openat(folder_.get(), name.c_str(), flags | O_CLOEXEC, mode), "open", path_);
}

Result<void> HeldFolder::remove(const std::string& name) const {
  if (::unlinkat(folder_.get(), name.c_str(), 0) < 0) return fail_errno("unlink", path_);
  return {};
}

Result<void> HeldFolder::replace_by(const std::string& name) const {
  if (::renameat(folder_.get(), name.c_str(), folder_.get(), name_.c_str()) < 0) {
    return fail_errno("rename", path_);
  }
  return {};
}

Result<void> HeldFolder::move_to(const HeldFolder& place) const {
  if (::renameat(folder_.get(), name_.c_str(), place.folder_.get(), place.name_.c_str()) < 0) {
    return fail_errno("rename", path_);
  }
  return {};
}

}  // namespace alicorn
