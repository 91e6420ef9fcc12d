// `alicorn replay FILE APP.so`: runs recorded requests through the application in this one process.
#pragma once

#include "server/config/command_line.hpp"
#include "server/config/config.hpp"

namespace alicorn {

/// Applies the parts of the configuration that a worker applies: directory, umask, environment,
/// limits. All deadlines are off, because stepping through a request takes longer, except those
/// given on the command line. Logs to standard error and writes the responses to standard output.
/// Returns the exit code.
int replay(const CommandLine& command_line, const Config& config);

}  // namespace alicorn
