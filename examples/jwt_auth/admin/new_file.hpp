// The files that an operator's secrets are kept in. Root writes them also where others own folders
// of the path: all is done by descriptors, and no link of theirs is followed. In jwt_auth_admin.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace jwt_auth::admin {

struct Owner {
  unsigned user = 0, group = 0;
};

/// Of a file that is open.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
};

/// A file that is not there yet, readable by its owner alone; it is on the disk when this returns.
/// Only root can give it to somebody else. Throws Failure.
void write_secret_file(const std::string& path, std::string_view text, Owner owner);

/// In one step, with the old one's mode and owner; what it held before is in PATH.old. `expected`:
/// the file that is meant. Throws Failure, and has then changed nothing.
void replace_file(const std::string& path, std::string_view text,
                  const std::optional<FileId>& expected = std::nullopt);

/// Whom the file belongs to; us, if there is none. Throws Failure: nor is there a folder.
Owner owner_at(const std::string& path);

}  // namespace jwt_auth::admin
