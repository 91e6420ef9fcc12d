// Sends recorded requests to the app alone: the worker's own classes over a socketpair, in this
// process, so that a debugger, Valgrind or a sanitizer sees everything. `alicorn replay`.
#pragma once

#include "workers/contract/exit_code.hpp"
#include "workers/contract/settings.hpp"

#include <string_view>

namespace alicorn {

/// Loads the app, sends it `bytes` as one client of a unix socket, and writes the responses to
/// `output_fd`. kOk: every request got its whole response. A crash of the app is a crash of this
/// process: no handler stands between it and the debugger. Problems are logged.
ExitCode replay(const WorkerSettings& settings, std::string_view bytes, int output_fd);

}  // namespace alicorn
