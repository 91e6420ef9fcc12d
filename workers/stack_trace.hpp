// The functions that a thread was in. Taken and named without a lock or an allocation, so that a
// signal handler can do both; a plain value, so that it can lie in memory that survives the
// process. Worker; the master reads it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace alicorn {

struct StackFrame {
  std::uint64_t address = 0;          ///< in the process
  std::uint64_t module_offset = 0;    ///< in the module's file, as addr2line takes it
  std::uint64_t function_offset = 0;  ///< from the function's first byte
  char module[48] = "";               ///< the file's name without its folder; "": none
  char function[168] = "";            ///< demangled and cut; "": not known
};

struct StackTrace {
  static constexpr std::uint32_t kFramesMax = 48;
  std::atomic<std::uint32_t> size{
      0};  ///< grows frame by frame: what kills the walk leaves the rest
  std::atomic<std::uint32_t> is_cut{0};
  StackFrame frames[kFramesMax];
};

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

/// "#0 on_request+0x1c (app.so+0x1234); #1 ...". The trace may be anybody's writing.
std::string describe(const StackTrace& trace);

}  // namespace alicorn
