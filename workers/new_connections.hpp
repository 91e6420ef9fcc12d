// Connections that an app opens while it is loaded in the process from which workers are forked:
// all of them would share these. Zygote.
#pragma once

#include <vector>

namespace alicorn {

class NewConnections {
 public:
  /// Notes the sockets that are open already.
  NewConnections();
  /// Logs a warning for each socket that has come since, with its address.
  void warn() const;

 private:
  std::vector<int> before_;
};

}  // namespace alicorn
