// The file that names the master: written as a whole, never over a running server's, removed only
// if it is ours. Master.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace alicorn {

class Pidfile {
 public:
  /// Of a server without one.
  Pidfile() = default;
  /// Refuses a path that names another server that runs, or holds something else than a pid.
  static Result<Pidfile> create(const std::string& path);

  /// Makes room for the new master of an upgrade. A file that somebody has removed is in nobody's
  /// way.
  Result<void> move_to(const std::string& path);
  /// Takes the place back, if it is free as for create(); a file that is gone, or another's by now,
  /// is written anew.
  Result<void> move_back_to(const std::string& path);
  /// The same two in a child, which is not to change what it has of the master. come_back() gives
  /// the lock of a file that was written anew. What has become of it note_place() says.
  Result<void> make_room(const std::string& path) const;
  Result<UniqueFd> come_back(const std::string& path) const;
  void note_place(const std::string& path, UniqueFd new_lock = UniqueFd());
  /// If it still names this process; and also from places where a child may have moved it to.
  void remove(const std::vector<std::string>& other_places = {});
  const std::string& path() const { return path_; }
  /// What no child may keep.
  int fd() const { return lock_.get(); }

 private:
  Pidfile(std::string path, pid_t pid, UniqueFd lock)
      : path_(std::move(path)), pid_(pid), lock_(std::move(lock)) {}

  std::string path_;
  pid_t pid_ = 0;  ///< the master's
  UniqueFd lock_;  ///< on the file: its pid may be another process's by now, the lock is not
};

}  // namespace alicorn
