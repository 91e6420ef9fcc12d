// The file that names the master: written as a whole, never over a running server's, removed only
// if it is ours. Master.
#pragma once

#include "base/result.hpp"

#include <string>

namespace alicorn {

class Pidfile {
 public:
  /// Of a server without one.
  Pidfile() = default;
  /// Refuses a path that names another process that runs, or holds something else than a pid.
  static Result<Pidfile> create(const std::string& path);

  /// Makes room for the new master of an upgrade, or takes the place back.
  Result<void> move_to(const std::string& path);
  /// If it still names this process.
  void remove();
  const std::string& path() const { return path_; }

 private:
  explicit Pidfile(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace alicorn
