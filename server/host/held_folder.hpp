// The folder of a file, held open: a file is looked at and then removed or replaced in the same
// folder, even if somebody exchanges a folder of the path in between. Master.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <string>
#include <utility>

#include <sys/stat.h>
#include <sys/types.h>

namespace alicorn {

class HeldFolder {
 public:
  static Result<HeldFolder> of(const std::string& path);

  /// Looks at the file itself, even if it is a link. An Error has errno's code.
  Result<struct stat> look() const;
  bool has(dev_t device, ino_t inode) const;
  /// Opens the file, or another one beside it. `flags`: O_CLOEXEC is added.
  Result<UniqueFd> open(int flags, mode_t mode = 0) const { return open(name_, flags, mode); }
  Result<UniqueFd> open(const std::string& name, int flags, mode_t mode) const;
  Result<void> remove() const { return remove(name_); }
  Result<void> remove(const std::string& name) const;
  /// Gives the file's name to another file beside it.
  Result<void> replace_by(const std::string& name) const;
  /// Moves the file elsewhere.
  Result<void> move_to(const HeldFolder& place) const;

  const std::string& name() const { return name_; }
  const std::string& path() const { return path_; }

 private:
  HeldFolder(UniqueFd folder, std::string name, std::string path)
      : folder_(std::move(folder)), name_(std::move(name)), path_(std::move(path)) {}

  UniqueFd folder_;
  std::string name_, path_;
};

}  // namespace alicorn
