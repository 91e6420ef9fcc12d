#include "admin/place.hpp"

#include "admin/failure.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

namespace jwt_auth::admin {
namespace {

constexpr int kLinksMax = 40;  // the kernel's limit
constexpr int kFolderFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

class Walk {
 public:
  Walk(const std::string& path, ForeignLinks links)
      : path_(std::filesystem::absolute(path).string()), links_(links) {}

  Place go() {
    begin(path_);
    while (!names_.empty()) {
      const std::string name = std::move(names_.front());
      names_.pop_front();
      const bool is_last = names_.empty();
      if (is_shared_) add_owner_of(name);
      if (const auto target = link_at(name, is_last)) {
        follow(name, *target);
        continue;
      }
      if (is_last) {
        if (is_shared_) place_.shared_folder = passed_;
        place_.name = name;
        return std::move(place_);
      }
      passed_.append(passed_ == "/" ? "" : "/").append(name);
      enter(Descriptor(::openat(place_.folder.get(), name.c_str(), kFolderFlags)));
    }
    throw Failure(path_ + " is a folder");
  }

 private:
  /// Puts the names of `path` in front of those still to go.
  void begin(std::string_view path) {
    if (path.starts_with('/')) {
      passed_ = "/";
      enter(Descriptor(::open("/", kFolderFlags)));
    }
    std::deque<std::string> names;
    while (!path.empty()) {
      const std::size_t end = std::min(path.find('/'), path.size());
      const std::string_view name = path.substr(0, end);
      if (!name.empty() && name != ".") names.emplace_back(name);
      path.remove_prefix(std::min(end + 1, path.size()));
    }
    names_.insert(names_.begin(), names.begin(), names.end());
  }

  void enter(Descriptor folder) {
    struct stat status {};
    if (!folder || ::fstat(folder.get(), &status) != 0) fail();
    if (status.st_uid != 0) place_.owners.insert(status.st_uid);
    // The group does not matter: under an access list, the group bits are the most that anybody on
    // the list may do; and in containers, processes of other users may be in root's group.
    is_shared_ = (status.st_mode & (S_IWOTH | S_IWGRP)) != 0;
    // In a folder with the sticky bit, such as /tmp, others cannot replace an entry.
    if (is_shared_ && (status.st_mode & S_ISVTX) == 0) place_.shared_folder = passed_;
    place_.folder = std::move(folder);
  }

  void add_owner_of(const std::string& name) {
    struct stat status {};
    const int folder = place_.folder.get();
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (status.st_uid != 0) place_.owners.insert(status.st_uid);
  }

  std::optional<std::string> link_at(const std::string& name, bool is_last) const {
    if (is_last && links_ == ForeignLinks::kRefuse) return std::nullopt;  // openat refuses the link
    char target[PATH_MAX];
    const ssize_t size = ::readlinkat(place_.folder.get(), name.c_str(), target, sizeof target);
    if (size < 0) return std::nullopt;  // not a link, or nothing there: the next call reports it
    return std::string(target, static_cast<std::size_t>(size));
  }

  void follow(const std::string& name, const std::string& target) {
    const bool is_foreign = !place_.is_roots_alone() || is_shared_;
    if (is_foreign && links_ == ForeignLinks::kRefuse && ::geteuid() == 0) {
      throw Failure(
          path_ + ": " + name + " in " + passed_ +
          " is a symbolic link that users other than root may change; give a path without links");
    }
    if (is_shared_) place_.shared_folder = passed_;
    if (++followed_ > kLinksMax) {
      errno = ELOOP;
      fail();
    }
    begin(target);
  }

  [[noreturn]] void fail() const {
    throw Failure("cannot open the folder of " + path_ + ": " +
                  std::generic_category().message(errno));
  }

  const std::string path_;
  const ForeignLinks links_;
  std::deque<std::string> names_;  ///< still to go
  std::string passed_ = "/";       ///< only for messages
  bool is_shared_ = false;         ///< the current folder
  int followed_ = 0;
  Place place_;
};

}  // namespace

Place find_place(const std::string& path, ForeignLinks links) {
  return Walk(path, links).go();
}

}  // namespace jwt_auth::admin
