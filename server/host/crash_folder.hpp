// The directory in which requests that crashed a worker are kept. Master, at start and on reload.
#pragma once

#include "base/result.hpp"
#include "server/host/privileges.hpp"

#include <optional>
#include <string>

namespace alicorn {

/// Creates it with mode 0700, unless it exists; checks that workers of this identity may write
/// there. Returns its absolute path, without links.
Result<std::string> prepare_crash_folder(const std::string& path,
                                         const std::optional<Identity>& identity);

}  // namespace alicorn
