// The interpreter of a worker. Python bridge; on the process's main thread.
#pragma once

#include "app_api/python/python.hpp"

#include <string>
#include <vector>

namespace alicorn::python {

struct InterpreterSettings {
  std::string virtual_environment;   ///< its folder; "": none
  std::vector<std::string> folders;  ///< searched for modules before all others
};

class Interpreter {
 public:
  /// Starts it, and leaves the GIL with the caller. False: it does not start; the log says why.
  static bool start(const alicorn_host& host, const InterpreterSettings& settings);
  /// Waits for the application's threads that are no daemons, runs what it has registered for the
  /// end, and ends it. With the GIL.
  static void end(const alicorn_host& host);
};

}  // namespace alicorn::python
