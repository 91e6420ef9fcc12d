#include "server/host/privileges.hpp"

#include "base/unique_fd.hpp"

#include <algorithm>
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

/// The master's only other thread, the log's, makes system calls only, so the non-reentrant
/// look-ups are safe. A null result is told from an error.
const passwd* find_user(const std::string& user) {
  const auto uid = parse_id<uid_t>(user);
  return uid ? ::getpwuid(*uid) : ::getpwnam(user.c_str());  // NOLINT(concurrency-mt-unsafe)
}

Result<void> resolve_user(const std::string& user, Identity& identity) {
  if (const passwd* const entry = find_user(user)) {
    identity = {entry->pw_uid, entry->pw_gid, entry->pw_name, {}};
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

/// Looked up once: a directory service that is down when a worker starts must not keep it from
/// starting.
std::vector<gid_t> groups_of(const Identity& identity) {
  if (identity.user_name.empty()) return {identity.gid};
  std::vector<gid_t> groups(32);
  int count = static_cast<int>(groups.size());
  while (::getgrouplist(identity.user_name.c_str(), identity.gid, groups.data(), &count) < 0) {
    groups.resize(std::max(2 * groups.size(), static_cast<std::size_t>(count)));
    count = static_cast<int>(groups.size());
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

}  // namespace

Result<std::optional<Identity>> resolve_identity(const std::string& user,
                                                 const std::string& group) {
  if (user.empty() && group.empty()) return std::nullopt;
  Identity identity{::geteuid(), ::getegid(), "", {}};
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
  // A user without an entry has no group of its own, and must not keep root's.
  const bool has_group = !group.empty() || user.empty() || !identity.user_name.empty();
  if (!has_group && identity.uid != ::geteuid()) {
    return fail("user '" + user + "': it has no entry that names its group, so set group too");
  }
  if (identity.uid == ::geteuid() && identity.gid == ::getegid()) return std::nullopt;
  if (::geteuid() != 0) {
    return fail((user.empty() ? "group '" + group : "user '" + user) +
                "': only root may change it");
  }
  identity.groups = groups_of(identity);
  return identity;
}

Result<uid_t> find_uid(const std::string& user) {
  Identity identity{};
  if (auto found = resolve_user(user, identity); !found) return tl::unexpected(found.error());
  return identity.uid;
}

std::string name_of(const Identity& identity) {
  if (!identity.user_name.empty()) return "user " + identity.user_name;
  return "user " + std::to_string(identity.uid) + ", group " + std::to_string(identity.gid);
}

bool is_in_group(const Identity& identity, gid_t group) {
  return std::find(identity.groups.begin(), identity.groups.end(), group) != identity.groups.end();
}

Result<void> take_on(const Identity& identity) {
  if (::setgroups(identity.groups.size(), identity.groups.data()) < 0) {
    return fail_errno("setgroups");
  }
  if (::setresgid(identity.gid, identity.gid, identity.gid) < 0) return fail_errno("setresgid");
  if (::setresuid(identity.uid, identity.uid, identity.uid) < 0) return fail_errno("setresuid");
  // The kernel has already done that, unless fs.suid_dumpable says otherwise. 2 stays: then only
  // root gets the core files. 1 is for machines without secrets.
  if (::prctl(PR_GET_DUMPABLE) == 1) ::prctl(PR_SET_DUMPABLE, 0);
  return {};
}

bool serves_as_root(const std::optional<Identity>& identity) {
  return (identity ? identity->uid : ::geteuid()) == 0;
}

Result<void> forbid_new_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return fail_errno("prctl", "no_new_privs");
  return {};
}

void set_dumpable(Dumpable dumpable) {
  if (dumpable != Dumpable::kAutomatic) {
    ::prctl(PR_SET_DUMPABLE, dumpable == Dumpable::kAlways ? 1 : 0);
  }
}

}  // namespace alicorn
