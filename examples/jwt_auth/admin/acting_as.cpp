#include "admin/acting_as.hpp"

#include "admin/failure.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <grp.h>
#include <sys/fsuid.h>
#include <unistd.h>

namespace jwt_auth::admin {
namespace {

std::vector<gid_t> own_groups() {
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(static_cast<std::size_t>(std::max(count, 0)));
  return groups;
}

/// setfsgid and setfsuid return the old value even when they fail: only a second call tells.
bool set_file_ids(uid_t user, gid_t group) {
  ::setfsgid(group);
  ::setfsuid(user);
  return ::setfsgid(static_cast<gid_t>(-1)) == static_cast<int>(group) &&
         ::setfsuid(static_cast<uid_t>(-1)) == static_cast<int>(user);
}

}  // namespace

ActingAs::ActingAs(const std::optional<Identity>& identity) {
  if (!identity) return;
  groups_ = own_groups();
  if (::setgroups(identity->groups.size(), identity->groups.data()) != 0) {
    throw Failure("cannot assume the groups of " + identity->name + ": " +
                  std::generic_category().message(errno));
  }
  has_begun_ = true;
  if (!set_file_ids(identity->user, identity->group)) std::abort();
}

ActingAs::~ActingAs() {
  if (!has_begun_) return;
  // Running on with half of another user's rights would be worse than ending.
  if (!set_file_ids(::geteuid(), ::getegid())) std::abort();
  if (::setgroups(groups_.size(), groups_.data()) != 0) std::abort();
}

}  // namespace jwt_auth::admin
