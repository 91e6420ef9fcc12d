// The call stack of a thread as a plain value, so that it can lie in memory that survives the
// process. The worker writes it, the master reads it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace alicorn {

struct StackFrame {
  std::uint64_t address = 0;          ///< in the process's address space
  std::uint64_t module_offset = 0;    ///< offset in the module's file, for addr2line
  std::uint64_t function_offset = 0;  ///< from the function's first byte
  char module[48] = "";               ///< the file's name without its folder; "": no file
  char function[168] = "";            ///< demangled and cut; "": unknown
};

struct StackTrace {
  static constexpr std::uint32_t kFramesMax = 48;
  std::atomic<std::uint32_t> size{0};  ///< grows frame by frame: a fault keeps the frames so far
  std::atomic<std::uint32_t> is_cut{0};
  StackFrame frames[kFramesMax];
};

/// The stack of a thread as the app itself tells it (alicorn_app.trace), for instance that of an
/// interpreter: a line for each frame.
struct AppStack {
  std::atomic<std::uint32_t> size{0};  ///< stored after the text
  char text[2048];

  /// Async-signal-safe. What does not fit is dropped.
  void append(const char* more, std::size_t count) noexcept;
};

/// Its frames in one line, with "; " between them. Safe for arbitrary content.
std::string describe(const AppStack& stack);

/// "#0 on_request+0x1c (app.so+0x1234); #1 ...". Safe for a trace with arbitrary content.
std::string describe(const StackTrace& trace);

}  // namespace alicorn
