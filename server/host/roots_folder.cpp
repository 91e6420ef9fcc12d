#include "server/host/roots_folder.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

namespace alicorn {
namespace {

constexpr int kLinksMax = 40;  // as the kernel
constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/// Nobody else can replace what is in the folder.
bool is_safe(int folder, const struct stat& status, const Identity& identity) {
  if (status.st_uid != 0 || (status.st_mode & S_IWOTH) != 0) return false;
  if ((status.st_mode & S_IWGRP) == 0) return true;
  // With an access list, the group's bits are the upper limit for everybody on the list.
  const bool has_list = ::fgetxattr(folder, "system.posix_acl_access", nullptr, 0) > 0;
  return !has_list && !is_in_group(identity, status.st_gid);
}

/// Like /tmp: nobody else can move root's files in it.
bool is_sticky(const struct stat& status) {
  return status.st_uid == 0 && (status.st_mode & S_ISVTX) != 0;
}

class Walk {
 public:
  Walk(const std::string& path, const Identity& identity) : path_(path), identity_(identity) {}

  Result<RootsPlace> go();

 private:
  Result<void> begin(std::string_view path);
  Result<void> enter(UniqueFd folder);
  Result<std::optional<std::string>> read_link(const std::string& name) const;
  Result<void> follow(const std::string& target);
  tl::unexpected<Error> refuse() const;
  bool is_in_proc() const;

  const std::string& path_;
  const Identity& identity_;
  std::deque<std::string> names_;  ///< still to be followed
  UniqueFd folder_;
  bool is_safe_ = false;  ///< otherwise it is sticky
  int links_ = 0;
};

Result<RootsPlace> Walk::go() {
  if (auto begun = begin(path_); !begun) return tl::unexpected(begun.error());
  while (!names_.empty()) {
    const std::string name = std::move(names_.front());
    names_.pop_front();
    const bool is_last = names_.empty();
    const bool leads_to_no_path = is_last && is_in_proc();
    Result<std::optional<std::string>> target;
    if (!leads_to_no_path) target = read_link(name);
    if (!target) return tl::unexpected(target.error());
    if (*target) {
      if (auto followed = follow(**target); !followed) return tl::unexpected(followed.error());
      continue;
    }
    if (is_last) {
      if (!is_safe_) return refuse();
      return RootsPlace{std::move(folder_), name, leads_to_no_path};
    }
    auto next = adopt(::openat(folder_.get(), name.c_str(), kFolderFlags), "open", path_);
    if (!next) return tl::unexpected(next.error());
    if (auto entered = enter(std::move(*next)); !entered) return tl::unexpected(entered.error());
  }
  return tl::unexpected(Error{std::make_error_code(std::errc::is_a_directory), "open " + path_});
}

/// Puts the names of the path in front of the remaining ones.
Result<void> Walk::begin(std::string_view path) {
  std::deque<std::string> names;
  const bool is_absolute = path.starts_with('/');
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view name = path.substr(0, end);
    if (!name.empty() && name != ".") names.emplace_back(name);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  names_.insert(names_.begin(), names.begin(), names.end());
  if (folder_ && !is_absolute) return {};
  auto start = adopt(::open(is_absolute ? "/" : ".", kFolderFlags), "open", path_);
  return start ? enter(std::move(*start)) : tl::unexpected(start.error());
}

Result<void> Walk::enter(UniqueFd folder) {
  struct stat status {};
  if (::fstat(folder.get(), &status) < 0) return fail_errno("stat", path_);
  is_safe_ = is_safe(folder.get(), status, identity_);
  if (!is_safe_ && !is_sticky(status)) return refuse();
  folder_ = std::move(folder);
  return {};
}

Result<std::optional<std::string>> Walk::read_link(const std::string& name) const {
  char target[PATH_MAX];
  const ssize_t size = ::readlinkat(folder_.get(), name.c_str(), target, sizeof target);
  if (size >= 0) return std::string(target, static_cast<std::size_t>(size));
  if (errno == EINVAL || errno == ENOENT) return std::nullopt;  // not a link
  return fail_errno("readlink", path_);
}

Result<void> Walk::follow(const std::string& target) {
  if (!is_safe_) return refuse();
  if (++links_ > kLinksMax) {
    errno = ELOOP;
    return fail_errno("open", path_);
  }
  return begin(target);
}

tl::unexpected<Error> Walk::refuse() const {
  return tl::unexpected(Error{std::make_error_code(std::errc::permission_denied),
                              "open " + path_ + " as " + name_of(identity_) +
                                  " (nor as root, for others may change a folder of the path)"});
}

bool Walk::is_in_proc() const {
  struct statfs system {};
  return ::fstatfs(folder_.get(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

}  // namespace

Result<RootsPlace> find_roots_place(const std::string& path, const Identity& identity) {
  return Walk(path, identity).go();
}

}  // namespace alicorn
