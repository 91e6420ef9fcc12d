// Files and folders that a master which is root opens or makes for the workers' user. That user may
// own a folder of the path and put a link there at any moment: so it is done with its own rights,
// and with root's only where nobody else can change the path. Master.
#pragma once

#include "base/append_file.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "server/host/privileges.hpp"

#include <optional>
#include <string>

#include <sys/types.h>

namespace alicorn {

/// A regular file that root has opened becomes the identity's; a device or pipe stays as it is.
Result<UniqueFd> open_file_for(const Identity& identity, const std::string& path, int flags,
                               mode_t mode);
/// For the logs of a master whose workers are this, or whose workers are itself. In a worker it is
/// nothing special.
FileOpener opener_for(const std::optional<Identity>& identity);

/// Makes it unless it is there. A descriptor to look at it.
Result<UniqueFd> make_folder_for(const Identity& identity, const std::string& path, mode_t mode);

}  // namespace alicorn
