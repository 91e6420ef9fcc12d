#include "server/arbiter/report/crash_text.hpp"

#include <gtest/gtest.h>

#include <signal.h>

namespace alicorn {
namespace {

CrashReport crash(int signal, int code) {
  CrashReport report;
  report.signal = signal;
  report.code = code;
  report.address = 0x10;
  return report;
}

TEST(CrashText, AFaultHasItsCauseAndAddress) {
  EXPECT_EQ(describe_crash(crash(SIGSEGV, SEGV_MAPERR), 7),
            "SIGSEGV (SEGV_MAPERR: nothing is mapped there) at 0x10");
  EXPECT_EQ(describe_crash(crash(SIGFPE, FPE_INTDIV), 7),
            "SIGFPE (FPE_INTDIV: integer division by zero) at 0x10");
  EXPECT_EQ(describe_crash(crash(SIGBUS, BUS_ADRERR), 7),
            "SIGBUS (BUS_ADRERR: behind the end of a mapped file, or no such memory) at 0x10");
}

TEST(CrashText, TheKernelDoesNotAlwaysKnowTheAddress) {
  EXPECT_EQ(describe_crash(crash(SIGSEGV, SI_KERNEL), 7),
            "SIGSEGV (SI_KERNEL: an impossible address, or a fault of another kind)");
}

TEST(CrashText, AnUnknownCodeIsANumber) {
  EXPECT_EQ(describe_crash(crash(SIGSEGV, 99), 7), "SIGSEGV (code 99) at 0x10");
}

TEST(CrashText, ASignalOfAnotherProcessNamesIt) {
  CrashReport report = crash(SIGABRT, SI_USER);
  report.sender = 6;
  EXPECT_EQ(describe_crash(report, 7), "SIGABRT from process 6");
  report.sender = 7;
  EXPECT_EQ(describe_crash(report, 7), "SIGABRT") << "abort()";
}

}  // namespace
}  // namespace alicorn
