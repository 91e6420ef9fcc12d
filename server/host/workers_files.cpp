#include "server/host/workers_files.hpp"

#include "server/host/acting_as.hpp"
#include "server/host/roots_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {
namespace {

bool is_forbidden(const Error& error) {
  return error.code == std::errc::permission_denied ||
         error.code == std::errc::operation_not_permitted;
}

std::string described(const std::string& path, const Identity& identity) {
  return path + " as " + name_of(identity);
}

Result<UniqueFd> open_as(const Identity& identity, const std::string& path, int flags,
                         mode_t mode) {
  const std::string what = described(path, identity);
  ActingAs user(identity);
  if (auto begun = user.begin(); !begun) return tl::unexpected(begun.error());
  return adopt(::open(path.c_str(), flags, mode), "open", what);
}

Result<void> make_folder_as(const Identity& identity, const std::string& path, mode_t mode) {
  const std::string what = described(path, identity);
  ActingAs user(identity);
  if (auto begun = user.begin(); !begun) return begun;
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return {};
  return fail_errno("mkdir", what);
}

Result<void> make_folder_as_root(const Identity& identity, const std::string& path, mode_t mode) {
  const auto place = find_roots_place(path, identity);
  if (!place) return tl::unexpected(place.error());
  const int folder = place->folder.get();
  if (::mkdirat(folder, place->name.c_str(), mode) < 0) {
    return errno == EEXIST ? Result<void>() : fail_errno("mkdir", path);
  }
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const auto made = adopt(::openat(folder, place->name.c_str(), kFlags), "open", path);
  if (!made) return tl::unexpected(made.error());
  if (::fchown(made->get(), identity.uid, identity.gid) < 0) return fail_errno("chown", path);
  return {};
}

}  // namespace

Result<UniqueFd> open_file_for(const Identity& identity, const std::string& path, int flags,
                               mode_t mode) {
  auto opened = open_as(identity, path, flags, mode);
  if (opened || !is_forbidden(opened.error())) return opened;
  const auto place = find_roots_place(path, identity);
  if (!place) return tl::unexpected(place.error());
  const int all_flags = place->is_proc ? flags : flags | O_NOFOLLOW;
  opened = adopt(::openat(place->folder.get(), place->name.c_str(), all_flags, mode), "open", path);
  if (!opened) return opened;
  struct stat status {};
  if (::fstat(opened->get(), &status) < 0) return fail_errno("stat", path);
  if (!S_ISREG(status.st_mode) || status.st_nlink != 1 || place->is_proc) return opened;
  if (::fchown(opened->get(), identity.uid, identity.gid) < 0) return fail_errno("chown", path);
  return opened;
}

FileOpener opener_for(const std::optional<Identity>& identity) {
  if (!identity) return open_as_ourselves;
  return [identity = *identity](const std::string& path, int flags, mode_t mode) {
    const bool is_worker = ::geteuid() == identity.uid && ::getegid() == identity.gid;
    return is_worker ? open_as_ourselves(path, flags, mode)
                     : open_file_for(identity, path, flags, mode);
  };
}

Result<UniqueFd> make_folder_for(const Identity& identity, const std::string& path, mode_t mode) {
  auto made = make_folder_as(identity, path, mode);
  if (!made && is_forbidden(made.error())) made = make_folder_as_root(identity, path, mode);
  if (!made) return tl::unexpected(made.error());
  return open_as(identity, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
}

}  // namespace alicorn
