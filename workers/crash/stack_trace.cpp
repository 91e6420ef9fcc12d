#include "workers/crash/stack_trace.hpp"

#include "app_api/loaded_object.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include <ucontext.h>
#include <unwind.h>

namespace alicorn {
namespace {

// Global because a signal handler gets no argument. Written before any handler can run.
std::uintptr_t outermost_function =
    0;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

/// Upper limit on the handler's own frames, which come first.
constexpr int kHandlerFramesMax = 32;

std::uintptr_t program_counter(const ucontext_t& context) {
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return context.uc_mcontext.pc;
#elif defined(__riscv)
  return context.uc_mcontext.__gregs[REG_PC];
#elif defined(__powerpc64__)
  return context.uc_mcontext.gp_regs[32];
#elif defined(__s390x__)
  return context.uc_mcontext.psw.addr;
#endif
}

/// Moves the thread back to its caller after a jump to an address without code: only the return
/// address tells where the jump came from. False: there is no trustworthy return address, because
/// code that belongs to no file may keep anything in that place.
bool return_to_caller(ucontext_t& context) {
#if defined(__x86_64__)
  auto& registers = context.uc_mcontext.gregs;
  std::uintptr_t caller = 0;
  // May fault. In that case the trace ends here.
  std::memcpy(&caller, reinterpret_cast<const void*>(registers[REG_RSP]), sizeof caller);
  if (!loaded_object_at(caller)) return false;
  registers[REG_RIP] = static_cast<greg_t>(caller);
  registers[REG_RSP] += static_cast<greg_t>(sizeof caller);
  return true;
#elif defined(__aarch64__)
  if (!loaded_object_at(context.uc_mcontext.regs[30])) return false;
  context.uc_mcontext.pc = context.uc_mcontext.regs[30];
  return true;
#else
  static_cast<void>(context);
  return false;
#endif
}

void copy_base_name(char (&target)[sizeof StackFrame::module], const char* path) {
  const char* const slash = std::strrchr(path, '/');
  const char* const name = slash != nullptr ? slash + 1 : path;
  const std::size_t size = std::min(std::strlen(name), sizeof target - 1);
  std::memcpy(target, name, size);
  target[size] = '\0';
}

/// False: the trace is full.
bool append_frame(StackTrace& trace, std::uintptr_t address) {
  const std::uint32_t size = trace.size.load(std::memory_order_relaxed);
  if (size == StackTrace::kFramesMax) {
    trace.is_cut.store(1, std::memory_order_relaxed);
    return false;
  }
  StackFrame& frame = trace.frames[size];
  frame.address = address;
  frame.module_offset = frame.function_offset = 0;
  frame.module[0] = frame.function[0] = '\0';
  trace.size.store(size + 1, std::memory_order_release);
  const auto object = loaded_object_at(address);
  if (!object) return true;
  frame.module_offset = address - object->bias;
  copy_base_name(frame.module, object->path[0] != '\0' ? object->path : "alicorn");
  return true;
}

struct Walk {
  StackTrace* trace;
  std::uintptr_t first;  ///< address that the signal interrupted
  bool is_there;
  int skipped;
};

_Unwind_Reason_Code visit(_Unwind_Context* context, void* argument) {
  auto& walk = *static_cast<Walk*>(argument);
  int is_exact = 0;  // otherwise the address is a return address
  const std::uintptr_t address = _Unwind_GetIPInfo(context, &is_exact);
  if (walk.trace == nullptr || address == 0) return _URC_END_OF_STACK;
  if (!walk.is_there && address != walk.first) {
    return ++walk.skipped < kHandlerFramesMax ? _URC_NO_REASON : _URC_END_OF_STACK;
  }
  walk.is_there = true;
  const bool has_room = append_frame(*walk.trace, is_exact != 0 ? address : address - 1);
  const bool is_last = _Unwind_GetRegionStart(context) == outermost_function;
  return has_room && !is_last ? _URC_NO_REASON : _URC_END_OF_STACK;
}

void walk_from(StackTrace* trace, std::uintptr_t first) {
  Walk walk{.trace = trace, .first = first, .is_there = false, .skipped = 0};
  _Unwind_Backtrace(visit, &walk);
}

}  // namespace

void prepare_stack_traces(void (*outermost)()) {
  outermost_function = reinterpret_cast<std::uintptr_t>(outermost);
  believe_files_before_now();
  walk_from(nullptr, 0);
}

void take_stack_trace(StackTrace& trace, void* context) noexcept {
  auto& interrupted = *static_cast<ucontext_t*>(context);
  trace.is_cut.store(0, std::memory_order_relaxed);
  trace.size.store(0, std::memory_order_relaxed);
  const std::uintptr_t first = program_counter(interrupted);
  if (loaded_object_at(first)) {
    walk_from(&trace, first);
    // If the walk did not find this frame, it saw only the handler.
    if (trace.size.load(std::memory_order_relaxed) == 0) append_frame(trace, first);
    return;
  }
  append_frame(trace, first);
  const mcontext_t before = interrupted.uc_mcontext;
  if (return_to_caller(interrupted)) walk_from(&trace, program_counter(interrupted));
  interrupted.uc_mcontext = before;
}

void take_stack_trace_from(StackTrace& trace, const void* return_address) noexcept {
  trace.is_cut.store(0, std::memory_order_relaxed);
  trace.size.store(0, std::memory_order_relaxed);
  walk_from(&trace, reinterpret_cast<std::uintptr_t>(return_address));
}

}  // namespace alicorn
