#include "server/arbiter/report/crash_text.hpp"

#include "server/host/exit_report.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <signal.h>

namespace alicorn {
namespace {

struct Cause {
  int signal;
  int code;
  std::string_view text;
};
constexpr Cause kCauses[] = {
    {SIGSEGV, SEGV_MAPERR, "SEGV_MAPERR: nothing is mapped there"},
    {SIGSEGV, SEGV_ACCERR, "SEGV_ACCERR: no right to do that there"},
    {SIGSEGV, SEGV_BNDERR, "SEGV_BNDERR: out of bounds"},
    {SIGSEGV, SEGV_PKUERR, "SEGV_PKUERR: a protection key forbids it"},
    {SIGBUS, BUS_ADRALN, "BUS_ADRALN: wrong alignment"},
    {SIGBUS, BUS_ADRERR, "BUS_ADRERR: behind the end of a mapped file, or no such memory"},
    {SIGBUS, BUS_OBJERR, "BUS_OBJERR: the hardware failed"},
    {SIGBUS, BUS_MCEERR_AR, "BUS_MCEERR_AR: broken memory"},
    {SIGBUS, BUS_MCEERR_AO, "BUS_MCEERR_AO: broken memory"},
    {SIGILL, ILL_ILLOPC, "ILL_ILLOPC: no such instruction"},
    {SIGILL, ILL_ILLOPN, "ILL_ILLOPN: illegal operand"},
    {SIGILL, ILL_ILLADR, "ILL_ILLADR: illegal addressing"},
    {SIGILL, ILL_ILLTRP, "ILL_ILLTRP: illegal trap"},
    {SIGILL, ILL_PRVOPC, "ILL_PRVOPC: privileged instruction"},
    {SIGFPE, FPE_INTDIV, "FPE_INTDIV: integer division by zero"},
    {SIGFPE, FPE_INTOVF, "FPE_INTOVF: integer overflow"},
    {SIGFPE, FPE_FLTDIV, "FPE_FLTDIV: division by zero"},
    {SIGFPE, FPE_FLTOVF, "FPE_FLTOVF: overflow"},
    {SIGFPE, FPE_FLTUND, "FPE_FLTUND: underflow"},
    {SIGFPE, FPE_FLTRES, "FPE_FLTRES: inexact result"},
    {SIGFPE, FPE_FLTINV, "FPE_FLTINV: invalid operation"},
};

std::string cause_of(const CrashReport& crash) {
  const auto* const cause =
      std::find_if(std::begin(kCauses), std::end(kCauses), [&](const Cause& candidate) {
        return candidate.signal == crash.signal && candidate.code == crash.code;
      });
  if (cause != std::end(kCauses)) return std::string(cause->text);
  // No program can have such an address (non-canonical): the processor does not say which it was.
  if (crash.code == SI_KERNEL)
    return "SI_KERNEL: an impossible address, or a fault of another kind";
  return fmt::format("code {}", crash.code);
}

}  // namespace

std::string describe_crash(const CrashReport& crash, pid_t worker) {
  const std::string name = signal_name(crash.signal);
  const bool was_sent = crash.code <= 0;
  if (was_sent) {
    const bool by_itself = crash.sender == worker;
    return by_itself ? name : fmt::format("{} from process {}", name, crash.sender);
  }
  const std::string cause = cause_of(crash);
  if (crash.code == SI_KERNEL) return fmt::format("{} ({})", name, cause);
  return fmt::format("{} ({}) at {:#x}", name, cause, crash.address);
}

}  // namespace alicorn
