#include "admin/new_file.hpp"

#include "admin/failure.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace jwt_auth::admin {
namespace {

[[noreturn]] void fail(const std::string& doing) {
  throw Failure(doing + ": " + std::generic_category().message(errno));
}

class File {
 public:
  File(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {
    if (descriptor_ < 0) fail("cannot write " + path_);
  }
  ~File() {
    ::close(descriptor_);
    if (!is_kept_) ::unlink(path_.c_str());
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  void give_to(Owner owner) const {
    if (::fchown(descriptor_, owner.user, owner.group) != 0) fail("cannot give " + path_ + " away");
  }
  void write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count = ::write(descriptor_, text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) fail("cannot write " + path_);
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    if (::fsync(descriptor_) != 0) fail("cannot write " + path_);
  }
  void set_mode(mode_t mode) const {
    if (::fchmod(descriptor_, mode) != 0) fail("cannot change the mode of " + path_);
  }
  void keep() { is_kept_ = true; }

 private:
  const int descriptor_;
  const std::string path_;
  bool is_kept_ = false;
};

/// So that the name survives a power cut, too.
void sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::absolute(path).parent_path().string();
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;  // a folder that may not be listed
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

void write_secret_file(const std::string& path, std::string_view text, Owner owner) {
  File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), path);
  if (::geteuid() == 0) file.give_to(owner);
  file.write(text);
  file.keep();
  sync_folder_of(path);
}

void replace_file(const std::string& path, std::string_view text) {
  struct stat before {};
  if (::stat(path.c_str(), &before) != 0) fail("cannot read " + path);
  std::string fresh = path + ".XXXXXX";
  const int descriptor = ::mkostemp(fresh.data(), O_CLOEXEC);
  File file(descriptor, fresh);
  if (before.st_uid != ::geteuid() || before.st_gid != ::getegid()) {
    file.give_to({before.st_uid, before.st_gid});
  }
  file.set_mode(before.st_mode & 07777U);
  file.write(text);
  const std::string old = path + ".old";
  ::unlink(old.c_str());
  if (::link(path.c_str(), old.c_str()) != 0) fail("cannot keep " + old);
  if (::rename(fresh.c_str(), path.c_str()) != 0) fail("cannot replace " + path);
  file.keep();
  sync_folder_of(path);
}

}  // namespace jwt_auth::admin
