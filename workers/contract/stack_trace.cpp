#include "workers/contract/stack_trace.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

namespace alicorn {
namespace {

std::string describe_place(const StackFrame& frame) {
  const std::string_view module(frame.module, ::strnlen(frame.module, sizeof frame.module));
  const std::string_view name(frame.function, ::strnlen(frame.function, sizeof frame.function));
  std::string place = module.empty() ? fmt::format("{:#x}", frame.address)
                                     : fmt::format("{}+{:#x}", module, frame.module_offset);
  if (name.empty()) return place;
  return fmt::format("{}+{:#x} ({})", name, frame.function_offset, place);
}

}  // namespace

std::string describe(const StackTrace& trace) {
  const std::uint32_t size =
      std::min(trace.size.load(std::memory_order_acquire), StackTrace::kFramesMax);
  std::string text;
  for (std::uint32_t i = 0; i < size;) {
    const std::string place = describe_place(trace.frames[i]);
    const std::uint32_t first = i;
    while (i < size && trace.frames[i].address == trace.frames[first].address) ++i;
    if (first != 0) text += "; ";
    text += fmt::format("#{} {}", first, place);
    if (i - first > 1) text += fmt::format(" and as #{} to #{}", first + 1, i - 1);
  }
  if (trace.is_cut.load(std::memory_order_relaxed) != 0) text += "; ...";
  return text;
}

void AppStack::append(const char* more, std::size_t count) noexcept {
  const std::uint32_t used = size.load(std::memory_order_relaxed);
  if (used > sizeof text) return;
  const std::size_t fits = std::min<std::size_t>(count, sizeof text - used);
  std::copy_n(more, fits, text + used);
  size.store(used + static_cast<std::uint32_t>(fits), std::memory_order_release);
}

std::string describe(const AppStack& stack) {
  const std::size_t size =
      std::min<std::size_t>(stack.size.load(std::memory_order_acquire), sizeof stack.text);
  std::string text;
  for (const char c : std::string_view(stack.text, size)) {
    if (c == '\n') {
      text += "; ";
    } else {
      text += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? '?' : c;
    }
  }
  if (text.ends_with("; ")) text.resize(text.size() - 2);
  if (size == sizeof stack.text) text += " ...";
  return text;
}

}  // namespace alicorn
