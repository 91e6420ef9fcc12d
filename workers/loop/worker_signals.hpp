// The signals that are orders to a worker, as bytes that its loop reads. They are taken by handlers
// and blocked nowhere, for what is blocked or ignored stays so over an exec: a program that the app
// starts, from any thread and by any call (posix_spawn runs no code of ours), must find everything
// as in a fresh process. A handler is gone after an exec. Worker and zygote.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace alicorn {

/// Main thread, before there are others: from now on TERM, INT, QUIT and USR1 arrive at the
/// descriptor, one byte with the number of each. HUP, USR2, TTIN and TTOU, which are the master's
/// and may be sent to the whole process group, do nothing; neither do PIPE and XFSZ: a write fails
/// instead.
Result<UniqueFd> take_signals();
/// In a zygote, before it loads the app: all of these do nothing there. keep_signals() afterwards.
void take_no_orders();
/// When the app is loaded and initialised, which may have taken some for itself: what ends a worker
/// stays the worker's.
void keep_signals();
/// On each thread that runs the app, when the app has prepared it: a signal that every thread
/// blocks never arrives, and the worker could only be killed.
void unblock_signals();

}  // namespace alicorn
