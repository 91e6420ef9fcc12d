// curl, nginx and HAProxy for tests. In tests.
#pragma once

#include "base/address.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/datagram_receiver.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <string>

/// For use in SetUp() or a test.
#define SKIP_WITHOUT(program) \
  if (!::alicorn::test::is_installed(program)) GTEST_SKIP() << program << " is not installed"

namespace alicorn::test {

std::string url_of(const Address& address, const std::string& path);

/// stdout and stderr of curl. The test fails if curl fails.
std::string curl(const Arguments& arguments);

/// Writes bytes of all values. Returns the path.
std::string write_megabytes(const std::string& path, int megabytes);

/// nginx with conf/nginx.conf in front of a server, on a unix socket of its own.
class NginxProcess {
 public:
  explicit NginxProcess(const Address& upstream);

  /// The address that nginx listens on.
  Address address() const;
  /// A path in the folder of static files.
  std::string file(const std::string& name) const { return folder_ / name; }
  /// The body that curl received through nginx, or whatever the arguments make curl print.
  std::string curl(const std::string& path, const Arguments& arguments = {}) const;
  std::string access_log() const { return read_file(folder_ / "access.log"); }
  std::string error_log() const { return read_file(folder_ / "error.log"); }

 private:
  TemporaryFolder folder_;
  ChildProcess process_;
};

/// HAProxy with conf/haproxy.cfg in front of a server, on a unix socket of its own.
class HaproxyProcess {
 public:
  explicit HaproxyProcess(const Address& server);

  Address address() const;
  /// The verdict of `haproxy -c` on the file.
  CommandResult check() const;
  std::string curl(const std::string& path, const Arguments& arguments = {}) const;
  /// The log that HAProxy sends to a syslog daemon.
  DatagramReceiver& log() { return log_; }

 private:
  TemporaryFolder folder_;
  DatagramReceiver log_;
  ChildProcess process_;
};

}  // namespace alicorn::test
