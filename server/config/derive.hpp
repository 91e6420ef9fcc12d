// What follows from the settings that were given. Any process.
#pragma once

#include "server/config/config.hpp"

#include <string>

namespace alicorn {

/// A path from this directory on. Symbolic links in it stay.
std::string absolute(const std::string& path, const std::string& base);

/// A head that keeps to each of its limits must fit as a whole.
void derive_head_limit(HttpLimits& limits);

/// Both logs go to the same daemon, under names that differ in their last part.
void derive_syslog(Config& config);

/// Workers and later reloads find the files whatever directory the process is in by then. Symbolic
/// links stay: an app behind `current -> releases/7` must follow it on a reload. `running` keeps
/// its directory until a restart, and with it what the paths mean.
void resolve_paths(Config& config, const std::string& working_directory, const Config* running);

}  // namespace alicorn
