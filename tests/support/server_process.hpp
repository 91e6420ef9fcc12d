// The real server, started for a test on its own address, watched and signalled, and stopped when
// the test is over. In tests.
#pragma once

#include "base/address.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <signal.h>

namespace alicorn::test {

/// The library of an example, or of an application that only tests use.
std::string example(const std::string& name);
std::string test_app(const std::string& name);

class ServerProcess {
 public:
  struct Options {
    std::vector<std::pair<std::string, std::string>> environment{};
    std::vector<std::pair<int, int>> descriptors{};
    std::string configuration{};  ///< content of ./alicorn.yaml
    Arguments wrapper{};          ///< a command that executes the rest of the command line
  };

  /// Serves the application, at a port that the kernel chooses unless the arguments bind. Returns
  /// when all workers are ready. Throws, with the log, if they do not become ready.
  ServerProcess(const std::string& app, const Arguments& arguments)
      : ServerProcess(app, arguments, Options()) {}
  ServerProcess(const std::string& app, const Arguments& arguments, const Options& options);
  /// Stops the server. The test fails if the server does not stop when asked. Prints the log of a
  /// failed test.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  pid_t pid() const { return process_.pid(); }
  const Address& address() const { return addresses_.front(); }
  const std::vector<Address>& addresses() const { return addresses_; }
  /// A file in the server's working directory.
  std::string file(const std::string& name) const { return folder_ / name; }

  void signal(int number) const { process_.signal(number); }
  std::vector<pid_t> workers() const { return children_of(pid()); }
  std::optional<Ending> wait_for_end(milliseconds limit = kPatience) {
    return process_.wait(limit);
  }
  /// True if every process that the server started is gone, too.
  bool nothing_is_left(milliseconds limit = kPatience) { return process_.group_ends(limit); }

  /// Everything printed so far, to stdout, stderr and the file of --error-logfile.
  std::string log() const;
  std::size_t count_in_log(std::string_view text) const;
  bool logs(std::string_view text, std::size_t times = 1, milliseconds limit = kPatience) const;

 private:
  void wait_until_ready();

  TemporaryFolder folder_;
  std::string log_path_;
  ChildProcess process_;
  std::vector<Address> addresses_;
};

/// Runs a server that is expected to end: "alicorn" with these arguments.
CommandResult run_server(const Arguments& arguments, milliseconds limit = kPatience);

}  // namespace alicorn::test
