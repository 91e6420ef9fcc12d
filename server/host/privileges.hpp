// Which user the workers run as. Resolved in the master, which keeps its own rights; taken on in
// the worker.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>

#include <sys/types.h>

namespace alicorn {

struct Identity {
  uid_t uid;
  gid_t gid;
  std::string user_name;  ///< for its supplementary groups; "": none
};

/// Names or numbers. Nothing where nothing would change. Only root may ask for another user or
/// group.
Result<std::optional<Identity>> resolve_identity(const std::string& user, const std::string& group);

/// In the worker: groups first, for after the user is changed they no longer may be. The
/// supplementary groups of the master are always dropped.
Result<void> take_on(const Identity& identity);

/// Makes a log file that a worker of this identity can open, now and after a rotation, also where
/// its directory is root's.
Result<void> prepare_log_file(const std::string& path, const Identity& identity);

}  // namespace alicorn
