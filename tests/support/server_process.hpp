// The real server: started for a test on an address of its own, watched, signalled, and gone when
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

/// The library of an example, and of an application that only tests need.
std::string example(const std::string& name);
std::string test_app(const std::string& name);

class ServerProcess {
 public:
  struct Options {
    std::vector<std::pair<std::string, std::string>> environment{};
    std::vector<std::pair<int, int>> descriptors{};
    std::string configuration{};  ///< becomes ./alicorn.yaml
    Arguments wrapper{};          ///< a command that ends by executing what follows it
  };

  /// Serves the application, at a port of the kernel's choice unless the arguments bind. Returns
  /// when all workers are ready; throws, with the log, when they do not get so far.
  ServerProcess(const std::string& app, const Arguments& arguments)
      : ServerProcess(app, arguments, Options()) {}
  ServerProcess(const std::string& app, const Arguments& arguments, const Options& options);
  /// Stops it. The test fails if it does not stop by itself; the log is printed if the test failed.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  pid_t pid() const { return process_.pid(); }
  const Address& address() const { return addresses_.front(); }
  const std::vector<Address>& addresses() const { return addresses_; }
  /// A file of its working directory.
  std::string file(const std::string& name) const { return folder_ / name; }

  void signal(int number) const { process_.signal(number); }
  std::vector<pid_t> workers() const { return children_of(pid()); }
  std::optional<Ending> wait_for_end(milliseconds limit = kPatience) {
    return process_.wait(limit);
  }
  /// Every process that it left behind is gone too.
  bool nothing_is_left(milliseconds limit = kPatience) { return process_.group_ends(limit); }

  /// What it has said so far, on stdout and stderr and in the file of --error-logfile.
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

/// A server that is to end by itself: "alicorn" and these arguments.
CommandResult run_server(const Arguments& arguments, milliseconds limit = kPatience);

}  // namespace alicorn::test
