// Records and names the call stack of a thread without a lock or an allocation, so that a signal
// handler can do both. Worker.
#pragma once

#include "workers/contract/stack_trace.hpp"

namespace alicorn {

/// For a signal handler; `context` is its third argument. Records the interrupted stack, innermost
/// frame first. The address of a caller is that of its call, not of the instruction after it. May
/// fault on a damaged stack; `context` may have been changed by then.
void take_stack_trace(StackTrace& trace, void* context) noexcept;
/// Records this thread's stack from the function that contains `return_address`, which is the
/// address that a call in that function returns to.
void take_stack_trace_from(StackTrace& trace, const void* return_address) noexcept;
/// Looks up the functions in the files they were loaded from, unless those files have been replaced
/// since.
void name_functions(StackTrace& trace) noexcept;
/// Call this once in ordinary code, before any of the above: the first walk of a process may load a
/// library, and a file without a build id is trusted only if it is older than this call.
/// `outermost` is a function whose callers are of no interest.
void prepare_stack_traces(void (*outermost)());
/// The part of prepare_stack_traces() that must happen before the app is loaded. Only the first
/// call counts: a process may be forked from one that loaded the app long ago.
void believe_files_before_now();

}  // namespace alicorn
