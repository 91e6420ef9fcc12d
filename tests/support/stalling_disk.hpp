// A folder whose disk stands still on demand, as a throttled volume or a network file system does.
// In tests; wants FUSE and Debian's python3-fusepy.
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

  /// False: there is no FUSE here.
  bool is_mounted() const { return is_mounted_; }
  /// A path of it.
  std::string operator/(const std::string& name) const { return folder_ / ("disk/" + name); }
  /// The same file, past the disk: what is there now, whatever stands still.
  std::string behind(const std::string& name) const { return folder_ / ("store/" + name); }
  /// Calls of this operation ("write", "read", "open", "create") wait from now on, until release().
  void stall(const std::string& operation) const;
  void release() const;
  /// Since stall() one has come, which not even SIGKILL of its caller takes back.
  bool holds_a_call() const;

 private:
  TemporaryFolder folder_;
  std::unique_ptr<ChildProcess> process_;
  bool is_mounted_ = false;
};

}  // namespace alicorn::test
