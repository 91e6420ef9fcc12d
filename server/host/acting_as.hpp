// For a while the master opens files with the rights of the workers' user alone. Master.
#pragma once

#include "base/result.hpp"
#include "server/host/privileges.hpp"

#include <vector>

namespace alicorn {

/// From begin() to its end, of this thread alone. Only what the kernel asks about files changes, so
/// that no process of that user may meanwhile send the master signals.
class ActingAs {
 public:
  explicit ActingAs(const Identity& identity) : identity_(identity) {}
  ~ActingAs() { end(); }
  ActingAs(const ActingAs&) = delete;
  ActingAs& operator=(const ActingAs&) = delete;

  Result<void> begin();

 private:
  void end();

  const Identity& identity_;
  bool has_begun_ = false;
  std::vector<gid_t> groups_;  ///< the master's, as the next two
  int dumpable_ = 0;
  int parent_death_signal_ = 0;
};

}  // namespace alicorn
