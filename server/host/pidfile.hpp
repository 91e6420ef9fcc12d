// The file that names the master. It is written as a whole, never over a running server's, and
// removed only if it is ours. Master.
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
  /// For a server without a pidfile.
  Pidfile() = default;
  /// Refuses a path whose file names another running server, or contains anything but a pid.
  static Result<Pidfile> create(const std::string& path);

  /// Makes room for the new master of an upgrade. If somebody has removed the file, nothing is in
  /// the way.
  Result<void> move_to(const std::string& path);
  /// Takes the place back, if it is free as for create(). A file that is gone, or belongs to
  /// another by now, is written anew.
  Result<void> move_back_to(const std::string& path);
  /// The same two in a child, which must not change the state that it has from the master.
  /// come_back() gives the lock of a file that was written anew. note_place() then tells the master
  /// what became of the file.
  Result<void> make_room(const std::string& path) const;
  Result<UniqueFd> come_back(const std::string& path) const;
  void note_place(const std::string& path, UniqueFd new_lock = UniqueFd());
  /// Removes the file if it still names this process; also from places where a child may have moved
  /// it.
  void remove(const std::vector<std::string>& other_places = {});
  const std::string& path() const { return path_; }
  /// A descriptor that no child may keep.
  int fd() const { return lock_.get(); }

 private:
  Pidfile(std::string path, pid_t pid, UniqueFd lock)
      : path_(std::move(path)), pid_(pid), lock_(std::move(lock)) {}

  std::string path_;
  pid_t pid_ = 0;  ///< the master's
  UniqueFd lock_;  ///< on the file: its pid may be another process's by now, the lock is not
};

}  // namespace alicorn
