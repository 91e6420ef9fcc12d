// What the master's log says about a crash. Master.
#pragma once

#include "workers/contract/scoreboard.hpp"

#include <string>
#include <string_view>

namespace alicorn {

/// "SIGSEGV (SEGV_MAPERR: nothing is mapped there) at 0x0", "SIGABRT from process 77"; `worker` is
/// the pid that crashed.
std::string describe_crash(const CrashReport& crash, pid_t worker);

}  // namespace alicorn
