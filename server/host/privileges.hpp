// Which user the workers run as. Resolved in the master, which keeps its own rights; taken on in
// the worker.
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
  std::string user_name;      ///< "": it has none
  std::vector<gid_t> groups;  ///< all of them, `gid` too; as they are at the start
};

/// For people: "user nobody".
std::string name_of(const Identity& identity);
bool is_in_group(const Identity& identity, gid_t group);

/// Names or numbers. Nothing where nothing would change. Only root may ask for another user or
/// group.
Result<std::optional<Identity>> resolve_identity(const std::string& user, const std::string& group);

/// Of a name or a number.
Result<uid_t> find_uid(const std::string& user);

/// In the worker: groups first, for after the user is changed they no longer may be. The
/// supplementary groups of the master are always dropped. The kernel takes cores and debuggers
/// away with it.
Result<void> take_on(const Identity& identity);

bool serves_as_root(const std::optional<Identity>& identity);
/// For whoever has not asked for it.
inline constexpr const char* kServesAsRoot =
    "the workers run as root, and so does whoever takes over the application: set user (and "
    "group), or \"user: root\" if this is meant";

/// No program that this process or a descendant ever executes gains rights: setuid bits and
/// capabilities of files add nothing. Cannot be undone.
Result<void> forbid_new_privileges();

/// Whether the kernel lets others look into our processes, and writes cores of them.
enum class Dumpable {
  kAutomatic,  ///< not where root gave up its rights
  kAlways,
  kNever,
};

/// Whether this process may leave a core, and be looked into by others of its user. Not more than
/// the kernel thinks safe where it is `kAutomatic`.
void set_dumpable(Dumpable dumpable);

}  // namespace alicorn
