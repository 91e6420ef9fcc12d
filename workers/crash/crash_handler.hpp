// What a worker does when a signal kills it or its app calls exit(): records the cause in shared
// memory, runs the registered crash steps, and then dies of the same signal, or exits. Worker.
//
// Everything here runs in a signal handler, in a process whose heap, stack and locks may be in any
// state: no allocation, no lock, no log. A step that crashes is skipped. A step that hangs ends
// together with the worker two seconds later. Meanwhile the thread that runs the loop is stopped,
// and so is any thread that would take the loop over or crashes as well. Other threads run on.
#pragma once

#include "base/result.hpp"
#include "workers/contract/crash_record.hpp"

#include <atomic>

#include <sys/types.h>

namespace alicorn {

/// Something else to do before the worker dies.
struct CrashStep {
  void (*run)(void* context, const CrashRecord& record) noexcept = nullptr;
  void* context = nullptr;
};

/// Main thread, once per process, before it runs any app code. Leaves a signal alone that already
/// has a handler (a sanitizer's). The app may replace our handlers. `outermost`: see
/// prepare_stack_traces().
Result<void> install_crash_handler(CrashRecord& record, void (*outermost)());
/// From this call on, an exit() by the app counts as a crash. Exit handlers run in reverse order of
/// their registration, so call this after the app, which may register some, has been loaded.
void watch_for_exit();
/// Each thread that will run app code, before it does. Gives the thread a second stack, because an
/// overflowed stack has no room for a handler. Also allows other threads to ask for this one's
/// backtrace.
Result<void> prepare_this_thread_for_crashes();
/// Main thread, while no app thread runs. The steps run in the order of registration: after the
/// stack has been recorded, and before its functions are looked up.
void add_crash_step(CrashStep step);
/// The real-time signal that the threads of a worker use to interrupt each other. SIGRTMAX and its
/// neighbour are taken by debuggers and by die_soon_after(), the first ones by libraries.
int interrupting_signal();
/// Called by each thread that will run the loop, before it touches the loop. This is the thread
/// that a crash stops, and the one that gets a signal by which another process kills this one. Does
/// not return once a thread has crashed.
void note_leading_thread(pid_t tid) noexcept;

}  // namespace alicorn
