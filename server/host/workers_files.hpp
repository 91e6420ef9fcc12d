// Files and folders that a master running as root opens or creates for the workers' user. That user
// may own a folder of the path and put a link there at any moment. Therefore the master acts with
// that user's rights, and with root's only if nobody else can change the path. Master.
#pragma once

#include "base/append_file.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "server/host/privileges.hpp"

#include <optional>
#include <string>

#include <sys/types.h>

namespace alicorn {

/// A regular file that root has opened is given to the identity; a device or pipe stays as it is.
Result<UniqueFd> open_file_for(const Identity& identity, const std::string& path, int flags,
                               mode_t mode);
/// For the logs of a master whose workers have this identity, or the master's own. In a worker it
/// has no special effect.
FileOpener opener_for(const std::optional<Identity>& identity);

/// Creates the folder unless it exists. Gives a descriptor to look at it.
Result<UniqueFd> make_folder_for(const Identity& identity, const std::string& path, mode_t mode);

}  // namespace alicorn
