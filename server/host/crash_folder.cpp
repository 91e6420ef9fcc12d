#include "server/host/crash_folder.hpp"

#include "base/unique_fd.hpp"

#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr mode_t kOwnerOnly = 0700;

/// Only for who is root: a mask of what others may do tells nothing about access lists.
bool may_write(const struct stat& status, const Identity& identity) {
  constexpr mode_t kWanted = 03;
  if (identity.uid == 0) return true;
  if (status.st_uid == identity.uid) return (status.st_mode >> 6 & kWanted) == kWanted;
  if (status.st_gid == identity.gid) return (status.st_mode >> 3 & kWanted) == kWanted;
  return (status.st_mode & kWanted) == kWanted;
}

}  // namespace

Result<std::string> prepare_crash_folder(const std::string& path,
                                         const std::optional<Identity>& identity) {
  const bool made = ::mkdir(path.c_str(), kOwnerOnly) == 0;
  if (!made && errno != EEXIST) return fail_errno("crash_dir: mkdir", path);
  const auto fd =
      adopt(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "crash_dir: open", path);
  if (!fd) return tl::unexpected(fd.error());
  if (made && identity && ::fchown(fd->get(), identity->uid, identity->gid) < 0) {
    return fail_errno("crash_dir: chown", path);
  }
  struct stat status {};
  if (::fstat(fd->get(), &status) < 0) return fail_errno("crash_dir: stat", path);
  const bool writable =
      identity ? may_write(status, *identity) : ::access(path.c_str(), W_OK | X_OK) == 0;
  if (!writable) return fail("crash_dir: the workers' user may not write in " + path);
  std::error_code error;
  const auto absolute = std::filesystem::canonical(path, error);
  if (error) return tl::unexpected(Error{error, "crash_dir: " + path});
  return absolute.string();
}

}  // namespace alicorn
