// Which user the workers run as. The master resolves it and keeps its own rights; the worker
// changes to it.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace alicorn {

struct Identity {
  uid_t uid;
  gid_t gid;
  std::string user_name;      ///< "": the user has none
  std::vector<gid_t> groups;  ///< all of them, including `gid`; as they are at the start
};

/// For people: "user nobody".
std::string name_of(const Identity& identity);
bool is_in_group(const Identity& identity, gid_t group);

/// Names or numbers. Nothing if nothing would change. Only root may ask for another user or group.
Result<std::optional<Identity>> resolve_identity(const std::string& user, const std::string& group);

/// From a name or a number.
Result<uid_t> find_uid(const std::string& user);

/// In the worker. Groups first, because after the change of user they can no longer be changed. The
/// supplementary groups of the master are always dropped. After the change, the kernel allows
/// neither core files nor debuggers.
Result<void> take_on(const Identity& identity);

bool serves_as_root(const std::optional<Identity>& identity);
/// A warning for an operator who has not asked for it.
inline constexpr const char* kServesAsRoot =
    "the workers run as root, and so does whoever takes over the application: set user (and "
    "group), or \"user: root\" if this is meant";

/// Ensures that no program that this process or a descendant ever executes gains rights: setuid
/// bits and file capabilities add nothing. Cannot be undone.
Result<void> forbid_new_privileges();

/// Whether the kernel lets others look into our processes, and writes core files of them.
enum class Dumpable {
  kAutomatic,  ///< not if root gave up its rights
  kAlways,
  kNever,
};

/// Sets whether this process may leave a core file, and whether other processes of its user may
/// look into it. `kAutomatic` allows no more than the kernel thinks safe.
void set_dumpable(Dumpable dumpable);

}  // namespace alicorn
