#include "admin/new_file.hpp"

#include "admin/failure.hpp"
#include "admin/place.hpp"
#include "passwords/passwords.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

namespace jwt_auth::admin {
namespace {

[[noreturn]] void fail(const std::string& doing) {
  throw Failure(doing + ": " + std::generic_category().message(errno));
}

/// A file that did not exist before. The destructor removes it unless keep() was called.
class File {
 public:
  File(const Place& place, std::string name, std::string path)
      : folder_(place.folder.get()),
        name_(std::move(name)),
        path_(std::move(path)),
        file_(::openat(folder_, name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                       0600)) {
    if (!file_) fail("cannot write " + path_);
  }
  ~File() {
    if (!is_kept_) ::unlinkat(folder_, name_.c_str(), 0);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  void give_to(Owner owner) const {
    if (::fchown(file_.get(), owner.user, owner.group) != 0)
      fail("cannot change the owner of " + path_);
  }
  void write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count = ::write(file_.get(), text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) fail("cannot write " + path_);
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    if (::fsync(file_.get()) != 0) fail("cannot write " + path_);
  }
  void set_mode(mode_t mode) const {
    if (::fchmod(file_.get(), mode) != 0) fail("cannot change the mode of " + path_);
  }
  void keep() { is_kept_ = true; }

 private:
  const int folder_;
  const std::string name_;
  const std::string path_;
  const Descriptor file_;
  bool is_kept_ = false;
};

/// Makes the name survive a power cut, too.
void sync(const Place& place) {
  const Descriptor folder(::openat(place.folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder) ::fsync(folder.get());  // not open: a folder that we may not read
}

/// The status of the current file, which must be the expected one.
struct stat look_at(const Place& place, const std::string& path,
                    const std::optional<FileId>& expected) {
  const Descriptor file(
      ::openat(place.folder.get(), place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) fail("cannot read " + path);
  if (!S_ISREG(status.st_mode)) throw Failure(path + " is not a regular file");
  if (expected && (status.st_dev != expected->device || status.st_ino != expected->inode)) {
    throw Failure(path + " is no longer the file that was read");
  }
  return status;
}

}  // namespace

void write_secret_file(const std::string& path, std::string_view text, Owner owner) {
  const Place place = find_place(path, ForeignLinks::kRefuse);
  File file(place, place.name, path);
  if (::geteuid() == 0) file.give_to(owner);
  file.write(text);
  file.keep();
  sync(place);
}

void replace_file(const std::string& path, std::string_view text,
                  const std::optional<FileId>& expected) {
  constexpr std::size_t kLetters = 6;
  const Place place = find_place(path, ForeignLinks::kRefuse);
  const struct stat before = look_at(place, path, expected);
  const std::string suffix = '.' + random_letters(kLetters);
  const std::string fresh = place.name + suffix, old = place.name + ".old";
  File file(place, fresh, path + suffix);
  if (before.st_uid != ::geteuid() || before.st_gid != ::getegid()) {
    file.give_to({before.st_uid, before.st_gid});
  }
  file.set_mode(before.st_mode & 07777U);
  file.write(text);
  const int folder = place.folder.get();
  ::unlinkat(folder, old.c_str(), 0);
  if (::linkat(folder, place.name.c_str(), folder, old.c_str(), 0) != 0) {
    fail("cannot keep " + path + ".old");
  }
  if (::renameat(folder, fresh.c_str(), folder, place.name.c_str()) != 0) {
    fail("cannot replace " + path);
  }
  file.keep();
  sync(place);
}

Owner owner_at(const std::string& path) {
  const Place place = find_place(path, ForeignLinks::kRefuse);
  struct stat status {};
  // Do not follow a link: its target was chosen by whoever made the link.
  if (::fstatat(place.folder.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return {::geteuid(), ::getegid()};
  }
  return {status.st_uid, status.st_gid};
}

}  // namespace jwt_auth::admin
