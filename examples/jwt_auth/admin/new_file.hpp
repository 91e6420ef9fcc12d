// The files that hold an operator's secrets. Root may write them where other users own folders of
// the path: all calls use descriptors, and links that other users made are not followed. In
// jwt_auth_admin.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace jwt_auth::admin {

struct Owner {
  unsigned user = 0, group = 0;
};

/// Identifies an open file.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
};

/// Creates a file that does not exist yet, readable only by its owner; it is on the disk on return.
/// Only root can give the file to another user. Throws Failure.
void write_secret_file(const std::string& path, std::string_view text, Owner owner);

/// Replaces the file in one step and keeps its mode and owner; the old content is in PATH.old.
/// `expected`: refuse any other file. Throws Failure, and then nothing has changed.
void replace_file(const std::string& path, std::string_view text,
                  const std::optional<FileId>& expected = std::nullopt);

/// The owner of the file; ourselves if it does not exist. Throws Failure if its folder does not
/// exist.
Owner owner_at(const std::string& path);

}  // namespace jwt_auth::admin
