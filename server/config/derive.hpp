// Values that are derived from the settings. Any process.
#pragma once

#include "server/config/config.hpp"

#include <string>

namespace alicorn {

/// The path, made absolute relative to `base`. Symbolic links are not resolved.
std::string absolute(const std::string& path, const std::string& base);

/// Raises the limit for the whole head so that a head within each of its limits fits.
void derive_head_limit(HttpLimits& limits);

/// Sends both logs to the same daemon, under names that differ in their last part.
void derive_syslog(Config& config);

/// Makes paths absolute, so that workers and later reloads find the files from any directory.
/// Symbolic links are not resolved: an app behind `current -> releases/7` must follow the link on a
/// reload. The directory of `running` cannot change before a restart, so paths are relative to it.
void resolve_paths(Config& config, const std::string& working_directory, const Config* running);

}  // namespace alicorn
