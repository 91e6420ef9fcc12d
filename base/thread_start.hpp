// Starts a thread that nobody waits for, with a small stack and every signal blocked: a process's
// signals go to threads that wait for them. Any process.
#pragma once

#include "base/result.hpp"

#include <functional>

namespace alicorn {

/// `name`: at most 15 bytes, as ps and debuggers show it. The thread ends when `body` returns.
Result<void> start_thread(const char* name, std::function<void()> body);

}  // namespace alicorn
