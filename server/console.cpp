#include "server/console.hpp"

#include "base/escape.hpp"
#include "workers/contract/exit_code.hpp"

#include <cstdio>

namespace alicorn {

int report(const Error& error) {
  std::string line = "alicorn: ";
  append_escaped(line, error.text(), Escaping::kText);
  std::fprintf(stderr, "%s\n", line.c_str());
  return static_cast<int>(ExitCode::kBadUsage);
}

int print(const std::string& text) {
  const bool done = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  return static_cast<int>(done ? ExitCode::kOk : ExitCode::kCannotStart);
}

}  // namespace alicorn
