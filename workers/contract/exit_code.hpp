// How a worker, and then the server, reports why it ended. Shared by the master and the workers.
#pragma once

namespace alicorn {

/// The numbers are Gunicorn's, so that unit files and alarms carry over.
enum class ExitCode : int {
  kOk = 0,            ///< stopped as asked
  kCannotStart = 1,   ///< the master could not start: a port in use, an unwritable pidfile
  kBadUsage = 2,      ///< bad flag, value or configuration
  kBootError = 3,     ///< a worker failed to boot
  kAppLoadError = 4,  ///< the app could not be loaded: missing file or symbol, wrong ABI
};

}  // namespace alicorn
