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
  /// For a process from which others are forked: the collector writes to what it looks at, so that
  /// the processes would not share it any more. All with the GIL.
  static void stop_collecting();
  static void keep_what_is_there();  ///< it is never collected
  static void collect_again();
  /// Runs what the application has registered for the end, and ends it. With the GIL.
  static void end();
};

}  // namespace alicorn::python
