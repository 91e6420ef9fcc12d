// curl and nginx as tests use them. In tests.
#pragma once

#include "base/address.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <string>

/// In SetUp() or a test.
#define SKIP_WITHOUT(program) \
  if (!::alicorn::test::is_installed(program)) GTEST_SKIP() << program << " is not installed"

namespace alicorn::test {

std::string url_of(const Address& address, const std::string& path);

/// stdout and stderr of curl; the test fails if curl does.
std::string curl(const Arguments& arguments);

/// Bytes of all values; gives the path.
std::string write_megabytes(const std::string& path, int megabytes);

/// nginx with conf/nginx.conf in front of a server, on a unix socket of its own.
class NginxProcess {
 public:
  explicit NginxProcess(const Address& upstream);

  /// The body that curl got through it, or whatever the arguments make curl print.
  std::string curl(const std::string& path, const Arguments& arguments = {}) const;
  std::string access_log() const { return read_file(folder_ / "access.log"); }
  std::string error_log() const { return read_file(folder_ / "error.log"); }

 private:
  TemporaryFolder folder_;
  ChildProcess process_;
};

}  // namespace alicorn::test
