#include "admin/identity.hpp"

#include "admin/failure.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <grp.h>
#include <pwd.h>

namespace jwt_auth::admin {
namespace {

/// For a numeric user without an entry: nobody's group, because root's own must not remain.
constexpr gid_t kNoGroup = 65534;

std::optional<unsigned> number_in(const std::string& text) {
  unsigned number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  // To the calls that take an id, the highest number means "unchanged".
  if (error != std::errc() || rest != end || number + 1 == 0) return std::nullopt;
  return number;
}

gid_t find_group(const std::string& name) {
  if (const auto number = number_in(name)) return *number;
  const struct group* entry = ::getgrnam(name.c_str());
  if (entry == nullptr) throw Failure("there is no group \"" + name + '"');
  return entry->gr_gid;
}

std::vector<gid_t> groups_of(const std::string& user, gid_t group) {
  std::vector<gid_t> groups(32);
  int count = static_cast<int>(groups.size());
  while (::getgrouplist(user.c_str(), group, groups.data(), &count) < 0) {
    groups.resize(std::max(2 * groups.size(), static_cast<std::size_t>(count)));
    count = static_cast<int>(groups.size());
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

}  // namespace

Identity find_identity(const std::string& user, const std::string& group) {
  const auto number = number_in(user);
  const passwd* entry = number ? ::getpwuid(*number) : ::getpwnam(user.c_str());
  Identity found;
  if (entry != nullptr) {
    found = {entry->pw_uid, entry->pw_gid, {}, entry->pw_name};
  } else if (number) {
    found = {*number, kNoGroup, {}, user};
  } else {
    throw Failure("there is no user \"" + user + '"');
  }
  if (!group.empty()) found.group = find_group(group);
  found.groups =
      entry != nullptr ? groups_of(found.name, found.group) : std::vector<gid_t>{found.group};
  return found;
}

}  // namespace jwt_auth::admin
