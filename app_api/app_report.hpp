// `alicorn check ./app.so`: what an app is, and what it would miss, told without running a byte of
// it. Any process.
#pragma once

#include <string>

namespace alicorn {

struct AppReport {
  std::string text;   ///< lines for standard output, each ended
  int exit_code = 0;  ///< 0: a worker here could load it; 4: it could not (ExitCode::kAppLoadError)
};

/// `symbol`: the entry point that would be called, see kDefaultAppSymbol.
AppReport describe_app(const std::string& path, const std::string& symbol);

}  // namespace alicorn
