// `alicorn replay FILE APP.so`: recorded requests through the application, alone in this process.
#pragma once

#include "server/config/command_line.hpp"
#include "server/config/config.hpp"

namespace alicorn {

/// Takes on what a worker would of the configuration: directory, umask, environment, limits. Its
/// deadlines are off, for whoever steps through a request takes longer, but for those that the
/// command line asks for. Logs to standard error, the responses go to standard output. Returns the
/// exit code.
int replay(const CommandLine& command_line, const Config& config);

}  // namespace alicorn
