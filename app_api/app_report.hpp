// `alicorn check ./app.so`: describes an app and what it lacks without running any of its code. Any
// process.
#pragma once

#include "app_api/loader_answer.hpp"

#include <string>
#include <vector>

namespace alicorn {

struct AppReport {
  std::string text;   ///< lines for standard output, each with its line end
  int exit_code = 0;  ///< 0: a worker here could load it; 4: it could not (ExitCode::kAppLoadError)
  std::vector<std::string> problems;  ///< why it could not; they are in `text`, too
};

/// `symbol` is the entry point that would be called; see kDefaultAppSymbol.
AppReport describe_app(const std::string& path, const std::string& symbol,
                       const AskLoader& ask_loader);

}  // namespace alicorn
