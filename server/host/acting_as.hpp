// For a while the master opens files with the rights of the workers' user only. Master.
#pragma once

#include "base/result.hpp"
#include "server/host/privileges.hpp"

#include <vector>

namespace alicorn {

/// Lasts from begin() to the end of this object, and affects this thread only. Only the ids for
/// file access change, so that no process of that user can send the master signals meanwhile.
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
  std::vector<gid_t> groups_;  ///< the master's, like the next two
  int dumpable_ = 0;
  int parent_death_signal_ = 0;
};

}  // namespace alicorn
