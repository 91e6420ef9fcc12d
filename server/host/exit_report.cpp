#include "server/host/exit_report.hpp"

#include <string.h>

namespace alicorn {

std::string signal_name(int number) {
  const char* const abbreviation = ::sigabbrev_np(number);
  return abbreviation != nullptr ? "SIG" + std::string(abbreviation)
                                 : "signal " + std::to_string(number);
}

}  // namespace alicorn
