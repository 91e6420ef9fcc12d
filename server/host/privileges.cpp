#include "server/host/privileges.hpp"

#include "base/unique_fd.hpp"

#include <charconv>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {
namespace {

template <class Id>
std::optional<Id> parse_id(const std::string& text) {
  Id id = 0;
  const char* const end = text.data() + text.size();
  const auto [parsed_to, error] = std::from_chars(text.data(), end, id);
  // The highest number means "unchanged" to setresuid.
  if (error != std::errc{} || parsed_to != end || id == static_cast<Id>(-1)) return std::nullopt;
  return id;
}

/// The master has no threads: the non-reentrant look-ups are safe, and a null is told from an
/// error.
const passwd* find_user(const std::string& user) {
  const auto uid = parse_id<uid_t>(user);
  return uid ? ::getpwuid(*uid) : ::getpwnam(user.c_str());  // NOLINT(concurrency-mt-unsafe)
}

Result<void> resolve_user(const std::string& user, Identity& identity) {
  if (const passwd* const entry = find_user(user)) {
    identity = {entry->pw_uid, entry->pw_gid, entry->pw_name};
    return {};
  }
  const auto uid = parse_id<uid_t>(user);
  if (!uid) return fail("user '" + user + "': there is no such user");
  identity.uid = *uid;  // a number needs no entry, as in a container
  return {};
}

Result<void> resolve_group(const std::string& group, Identity& identity) {
  if (const auto gid = parse_id<gid_t>(group)) {
    identity.gid = *gid;
    return {};
  }
  const struct group* const entry = ::getgrnam(group.c_str());  // NOLINT(concurrency-mt-unsafe)
  if (entry == nullptr) return fail("group '" + group + "': there is no such group");
  identity.gid = entry->gr_gid;
  return {};
}

}  // namespace

Result<std::optional<Identity>> resolve_identity(const std::string& user,
                                                 const std::string& group) {
  if (user.empty() && group.empty()) return std::nullopt;
  Identity identity{::geteuid(), ::getegid(), ""};
  if (!user.empty()) {
    if (const auto found = resolve_user(user, identity); !found) {
      return tl::unexpected(found.error());
    }
  }
  if (!group.empty()) {
    if (const auto found = resolve_group(group, identity); !found) {
      return tl::unexpected(found.error());
    }
  }
  // Without an entry there is no group of the user's own, and root's must not be what is left.
  const bool has_group = !group.empty() || user.empty() || !identity.user_name.empty();
  if (!has_group && identity.uid != ::geteuid()) {
    return fail("user '" + user + "': it has no entry that names its group, so set group too");
  }
  if (identity.uid == ::geteuid() && identity.gid == ::getegid()) return std::nullopt;
  if (::geteuid() != 0) {
    return fail((user.empty() ? "group '" + group : "user '" + user) +
                "': only root may change it");
  }
  return identity;
}

Result<void> take_on(const Identity& identity) {
  const int grouped = identity.user_name.empty()
                          ? ::setgroups(1, &identity.gid)
                          : ::initgroups(identity.user_name.c_str(), identity.gid);
  if (grouped < 0) return fail_errno("setgroups");
  if (::setresgid(identity.gid, identity.gid, identity.gid) < 0) return fail_errno("setresgid");
  if (::setresuid(identity.uid, identity.uid, identity.uid) < 0) return fail_errno("setresuid");
  // The change has switched off cores, which are what a crashed or hung worker is to leave.
  ::prctl(PR_SET_DUMPABLE, 1);
  return {};
}

Result<void> prepare_log_file(const std::string& path, const Identity& identity) {
  if (path.empty() || path == "-") return {};
  // The directory may be the user's: a link that it put there must not make it the owner of another
  // file.
  constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const auto fd = adopt(::open(path.c_str(), kFlags, 0640), "open", path);
  if (!fd && fd.error().code == std::errc::too_many_symbolic_link_levels) return {};
  if (!fd) return tl::unexpected(fd.error());
  struct stat status {};
  if (::fstat(fd->get(), &status) < 0) return fail_errno("stat", path);
  if (!S_ISREG(status.st_mode) || status.st_nlink != 1) return {};  // a device, a pipe: as it is
  if (::fchown(fd->get(), identity.uid, identity.gid) < 0) return fail_errno("chown", path);
  return {};
}

}  // namespace alicorn
