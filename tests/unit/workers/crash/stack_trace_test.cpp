#include "workers/crash/stack_trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include <signal.h>

namespace alicorn {

StackTrace taken_trace;

static void take_it(int /*number*/, siginfo_t* /*info*/, void* context) {
  take_stack_trace(taken_trace, context);
}
// The names that a C compiler would give them.
static int innermost_function() __asm__("innermost_function");
static int function_around_it() __asm__("function_around_it");
__attribute__((noinline)) static int innermost_function() {
  const int result = ::raise(SIGUSR2);
  __asm__ volatile("");
  return result + 1;
}
__attribute__((noinline)) static int function_around_it() {
  return innermost_function() + 1;
}

namespace {

using ::testing::ContainsRegex;

StackFrame frame(const char* module, const char* function) {
  StackFrame result{.address = 0x5000, .module_offset = 0x1234, .function_offset = 0x1c};
  std::strcpy(result.module, module);
  std::strcpy(result.function, function);
  return result;
}

std::unique_ptr<StackTrace> trace_of(std::initializer_list<StackFrame> frames) {
  auto trace = std::make_unique<StackTrace>();
  for (const StackFrame& each : frames) trace->frames[trace->size++] = each;
  return trace;
}

TEST(StackTrace, ShowsWhatTheSignalInterrupted) {
  prepare_stack_traces(nullptr);
  struct sigaction action {
  }, before{};
  action.sa_sigaction = take_it;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGUSR2, &action, &before);
  EXPECT_EQ(function_around_it(), 2);
  ::sigaction(SIGUSR2, &before, nullptr);
  name_functions(taken_trace);
  const std::string text = describe(taken_trace);
  EXPECT_THAT(text,
              ContainsRegex("innermost_function.0x[0-9a-f]+ .*; #[0-9]+ function_around_it.0x"));
  EXPECT_EQ(text.find("take_it"), std::string::npos) << text;
}

TEST(StackTrace, IsOneLine) {
  EXPECT_EQ(
      describe(*trace_of({frame("app.so", "on_request"), frame("app.so", ""), frame("", "")})),
      "#0 on_request+0x1c (app.so+0x1234) and as #1 to #2");
  const auto trace = trace_of({frame("app.so", "on_request"), frame("app.so", ""), frame("", "")});
  trace->frames[1].address = 0x6000;
  trace->frames[2].address = 0x7000;
  EXPECT_EQ(describe(*trace), "#0 on_request+0x1c (app.so+0x1234); #1 app.so+0x1234; #2 0x7000");
  trace->is_cut = 1;
  EXPECT_TRUE(describe(*trace).ends_with("; #2 0x7000; ..."));
}

TEST(StackTrace, IsReadWithinItsBoundsWhateverItContains) {
  const auto trace = std::make_unique<StackTrace>();
  std::memset(static_cast<void*>(trace->frames), 'x', sizeof trace->frames);
  trace->size = 1'000'000;
  EXPECT_LT(describe(*trace).size(), sizeof *trace * 2);
}

}  // namespace
}  // namespace alicorn
