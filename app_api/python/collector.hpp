// Python's garbage collector around the fork: it writes to what it looks at, so that processes that
// are forked from this one would not share it any more. Python bridge; with the GIL.
#pragma once

#include "app_api/python/python.hpp"

namespace alicorn::python {

class Collector {
 public:
  /// No collection by itself until resume(). What the application says in between, by gc.disable()
  /// or gc.set_threshold(), holds afterwards.
  void pause();
  /// What is there now is never looked at again.
  static void keep_what_is_there();
  void resume();

 private:
  Ref thresholds_;  ///< before the pause
};

}  // namespace alicorn::python
