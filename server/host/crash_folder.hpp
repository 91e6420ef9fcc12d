// The directory that requests which crashed a worker are kept in. Master, at start and on reload.
#pragma once

#include "base/result.hpp"
#include "server/host/privileges.hpp"

#include <optional>
#include <string>

namespace alicorn {

/// Makes it, mode 0700, unless it is there; checks that workers of this identity may write there.
/// Returns its absolute path, without links.
Result<std::string> prepare_crash_folder(const std::string& path,
                                         const std::optional<Identity>& identity);

}  // namespace alicorn
