#include "server/host/crash_folder.hpp"

#include "base/unique_fd.hpp"
#include "server/host/workers_files.hpp"

#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr mode_t kOwnerOnly = 0700;

/// Only for a process that is root: a mask of the permissions of others says nothing about access
/// lists.
bool may_write(const struct stat& status, const Identity& identity) {
  constexpr mode_t kWanted = 03;
  if (identity.uid == 0) return true;
  if (status.st_uid == identity.uid) return (status.st_mode >> 6 & kWanted) == kWanted;
  if (is_in_group(identity, status.st_gid)) return (status.st_mode >> 3 & kWanted) == kWanted;
  return (status.st_mode & kWanted) == kWanted;
}

Result<UniqueFd> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), kOwnerOnly) < 0 && errno != EEXIST) return fail_errno("mkdir", path);
  return adopt(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC), "open", path);
}

}  // namespace

Result<std::string> prepare_crash_folder(const std::string& path,
                                         const std::optional<Identity>& identity) {
  const auto fd = identity ? make_folder_for(*identity, path, kOwnerOnly) : make_folder(path);
  if (!fd) return tl::unexpected(Error{fd.error().code, "crash_dir: " + fd.error().context});
  struct stat status {};
  if (::fstat(fd->get(), &status) < 0) return fail_errno("crash_dir: stat", path);
  const bool writable =
      identity ? may_write(status, *identity) : ::faccessat(fd->get(), ".", W_OK | X_OK, 0) == 0;
  if (!writable) return fail("crash_dir: the workers' user may not write in " + path);
  std::error_code error;
  const auto absolute = std::filesystem::canonical(path, error);
  if (error) return tl::unexpected(Error{error, "crash_dir: " + path});
  return absolute.string();
}

}  // namespace alicorn
