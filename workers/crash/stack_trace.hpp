// Takes and names the functions that a thread is in, without a lock or an allocation, so that a
// signal handler can do both. Worker.
#pragma once

#include "workers/contract/stack_trace.hpp"

namespace alicorn {

/// In a signal handler with its third argument: the stack that the signal interrupted, innermost
/// first. The address of a caller is that of its call, not of what follows it. May fault on a
/// damaged stack; `context` may be changed then.
void take_stack_trace(StackTrace& trace, void* context) noexcept;
/// The stack of this thread from the function on to which this address belongs: where a call of it
/// returns to.
void take_stack_trace_from(StackTrace& trace, const void* return_address) noexcept;
/// Looks the functions up in the files they were loaded from, unless those have been replaced
/// since.
void name_functions(StackTrace& trace) noexcept;
/// In ordinary code, once, before any of this: the first walk of a process may load a library, and
/// files without a build id are only believed if they are older than this. `outermost`: a function
/// whose callers say nothing.
void prepare_stack_traces(void (*outermost)());
/// A part of that, before the app is loaded. Only the first call counts: what a process is forked
/// from may have loaded the app long ago.
void believe_files_before_now();

}  // namespace alicorn
