// A folder whose disk stalls on demand, as a throttled volume or a network file system does. In
// tests; needs FUSE and Debian's python3-fusepy.
#pragma once

#include "tests/support/child_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <memory>
#include <string>

namespace alicorn::test {

class StallingDisk {
 public:
  StallingDisk();
  ~StallingDisk();
  StallingDisk(const StallingDisk&) = delete;
  StallingDisk& operator=(const StallingDisk&) = delete;

  /// False: FUSE is not available here.
  bool is_mounted() const { return is_mounted_; }
  /// A path in the stalling folder.
  std::string operator/(const std::string& name) const { return folder_ / ("disk/" + name); }
  /// The same file without going through the stalling disk: its current content, even during a
  /// stall.
  std::string behind(const std::string& name) const { return folder_ / ("store/" + name); }
  /// After this, calls of this operation ("write", "read", "open", "create") wait until release().
  void stall(const std::string& operation) const;
  void release() const;
  /// True if a call has arrived since stall(). Not even SIGKILL of its caller can withdraw the
  /// call.
  bool holds_a_call() const;

 private:
  TemporaryFolder folder_;
  std::unique_ptr<ChildProcess> process_;
  bool is_mounted_ = false;
};

}  // namespace alicorn::test
