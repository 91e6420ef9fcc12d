// Signals that are orders to a worker, turned into bytes for its loop. They are caught by handlers
// and never blocked, because blocked and ignored signals stay so across an exec. A program that the
// app starts, from any thread and by any call (posix_spawn runs none of our code), must find every
// signal as in a fresh process; a handler is gone after an exec. Worker and zygote.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace alicorn {

/// Main thread, before there are other threads. From then on each TERM, INT, QUIT and USR1 arrives
/// at the descriptor as one byte with its number. HUP, USR2, TTIN and TTOU are for the master but
/// may be sent to the whole process group: here they do nothing. PIPE and XFSZ do nothing either,
/// so that the write fails instead.
Result<UniqueFd> take_signals();
/// In a zygote, before it loads the app: all these signals do nothing there. Call keep_signals()
/// afterwards.
void take_no_orders();
/// Call this after the app has been loaded and initialised, because the app may have taken some
/// signals for itself. The worker takes back those that end it.
void keep_signals();
/// Call this on each thread that runs the app, after the app has prepared the thread. A signal that
/// every thread blocks never arrives, and the worker could only be killed.
void unblock_signals();

}  // namespace alicorn
