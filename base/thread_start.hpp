// Starts a thread that nobody joins, with a small stack and every signal blocked: the process's
// signals belong to threads that wait for them. Used in any process.
#pragma once

#include "base/result.hpp"

#include <functional>

namespace alicorn {

/// `name` has at most 15 bytes; ps and debuggers show it. The thread ends when `body` returns.
Result<void> start_thread(const char* name, std::function<void()> body);

}  // namespace alicorn
