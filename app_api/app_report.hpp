// `alicorn check ./app.so`: what an app is, and what it would miss, told without running a byte of
// it. Any process.
#pragma once

#include "app_api/loader_answer.hpp"

#include <string>
#include <vector>

namespace alicorn {

struct AppReport {
  std::string text;   ///< lines for standard output, each ended
  int exit_code = 0;  ///< 0: a worker here could load it; 4: it could not (ExitCode::kAppLoadError)
  std::vector<std::string> problems;  ///< why not; they are in the text, too
};

/// `symbol`: the entry point that would be called, see kDefaultAppSymbol.
AppReport describe_app(const std::string& path, const std::string& symbol,
                       const AskLoader& ask_loader);

}  // namespace alicorn
