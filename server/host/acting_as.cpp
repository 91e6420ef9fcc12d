#include "server/host/acting_as.hpp"

#include <algorithm>
#include <cstdlib>

#include <grp.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace alicorn {
namespace {

std::vector<gid_t> own_groups() {
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(static_cast<std::size_t>(std::max(count, 0)));
  return groups;
}

/// For this thread only. glibc would change all threads, and wait for the log's thread, which a
/// disk may hold up.
int set_groups(const std::vector<gid_t>& groups) {
  return static_cast<int>(::syscall(SYS_setgroups, groups.size(), groups.data()));
}

/// Both calls return the old value even if they fail, so the result is checked afterwards.
bool set_file_ids(uid_t uid, gid_t gid) {
  ::setfsgid(gid);
  ::setfsuid(uid);
  return ::setfsgid(static_cast<gid_t>(-1)) == static_cast<int>(gid) &&
         ::setfsuid(static_cast<uid_t>(-1)) == static_cast<int>(uid);
}

}  // namespace

Result<void> ActingAs::begin() {
  groups_ = own_groups();
  dumpable_ = ::prctl(PR_GET_DUMPABLE);
  ::prctl(PR_GET_PDEATHSIG, &parent_death_signal_);
  if (set_groups(identity_.groups) < 0) return fail_errno("setgroups");
  has_begun_ = true;
  if (set_file_ids(identity_.uid, identity_.gid)) return {};
  return fail("the rights of " + name_of(identity_) + " cannot be taken on");
}

void ActingAs::end() {
  if (!has_begun_) return;
  // To continue with half of another identity would be worse than to end.
  if (!set_file_ids(::geteuid(), ::getegid())) std::abort();
  if (set_groups(groups_) < 0) std::abort();
  // The kernel clears both for a process whose user changes.
  if (dumpable_ == 1) ::prctl(PR_SET_DUMPABLE, 1);
  ::prctl(PR_SET_PDEATHSIG, parent_death_signal_);
}

}  // namespace alicorn
