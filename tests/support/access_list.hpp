// POSIX access lists (setfacl), using only what every Linux has. In tests.
#pragma once

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/types.h>
#include <sys/xattr.h>

namespace alicorn::test {

/// Gives the user all rights on a file or folder, as `setfacl -m u:USER:rwx` does. Owner and group
/// get all rights as well, others may read: the mode shows 0775. False if the file system has no
/// access lists.
inline bool let_user_in(const std::string& path, uid_t user) {
  struct {
    posix_acl_xattr_header header{POSIX_ACL_XATTR_VERSION};
    std::array<posix_acl_xattr_entry, 5> entries;
  } list;
  constexpr unsigned kAll = ACL_READ | ACL_WRITE | ACL_EXECUTE;
  constexpr unsigned kNobody = static_cast<unsigned>(ACL_UNDEFINED_ID);
  list.entries = {{{ACL_USER_OBJ, kAll, kNobody},
                   {ACL_USER, kAll, user},
                   {ACL_GROUP_OBJ, ACL_READ | ACL_EXECUTE, kNobody},
                   {ACL_MASK, kAll, kNobody},
                   {ACL_OTHER, ACL_READ | ACL_EXECUTE, kNobody}}};
  return ::setxattr(path.c_str(), "system.posix_acl_access", &list, sizeof list, 0) == 0;
}

}  // namespace alicorn::test
