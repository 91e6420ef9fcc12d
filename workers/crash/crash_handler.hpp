// What a worker still does when a signal kills it, or its app calls exit(): it writes down where,
// in shared memory, takes the further steps it was given, and dies of the same signal, or exits.
// Worker.
//
// Everything here runs in a signal handler, in a process whose heap, stack and locks may be in any
// state: no allocation, no lock, no log. A step that crashes is left out; one that hangs ends with
// the worker two seconds later. The thread that runs the loop stands still meanwhile, and so do one
// that would run it next and one that crashes too; others run on.
#pragma once

#include "base/result.hpp"
#include "workers/contract/crash_record.hpp"

#include <atomic>

#include <sys/types.h>

namespace alicorn {

/// Something else to do before the end.
struct CrashStep {
  void (*run)(void* context, const CrashRecord& record) noexcept = nullptr;
  void* context = nullptr;
};

/// Main thread, once per process, before it runs anything of the app. Leaves a signal alone that
/// already has a handler (a sanitizer's); the app may put its own in the place of ours.
/// `outermost`: see prepare_stack_traces().
Result<void> install_crash_handler(CrashRecord& record, void (*outermost)());
/// From now on an exit() of the app's is a crash. What is registered last runs first: to be called
/// when the app, and what it registers, has been loaded.
void watch_for_exit();
/// Each thread that will run the app's code, before it does: a stack that has overflowed has no
/// room for a handler, so it gets another. From now on its backtrace may be asked for, too.
Result<void> prepare_this_thread_for_crashes();
/// Main thread, while no app thread runs: taken in this order, after the stack was written down and
/// before its functions are named.
void add_crash_step(CrashStep step);
/// The real-time signal by which threads of a worker interrupt each other: SIGRTMAX and its
/// neighbour are taken by debuggers and by die_soon_after(), the first ones by libraries.
int interrupting_signal();
/// Whoever will run the loop, before it touches anything of it: the thread that is stopped by a
/// crash, and meant when another process kills this one. Does not return once a thread has crashed.
void note_leading_thread(pid_t tid) noexcept;

}  // namespace alicorn
