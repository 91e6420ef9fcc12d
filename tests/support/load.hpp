// Clients that send one request after another, check every answer, and count lost requests. In
// tests.
#pragma once

#include "base/address.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace alicorn::test {

/// The outcome of the requests.
struct LoadReport {
  std::uint64_t answered = 0;
  std::uint64_t lost = 0;             ///< sent completely, but not answered correctly
  std::uint64_t refused = 0;          ///< connections that failed, so nothing was sent
  std::vector<std::string> problems;  ///< the first few
};

class Load {
 public:
  struct Shape {
    int clients = 4;
    bool keep_alive = true;
    int newcomers = 0;  ///< more clients, which open a connection per request
    std::string target = "/";
    std::string expected_body = "Hello, world\n";
    bool stop_when_refused = false;  ///< the test expects the server to exit
    std::vector<std::string> fields{};
  };

  Load(const Address& address, Shape shape);
  ~Load() { stop(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  std::uint64_t answered() const { return answered_; }
  /// The same for each client.
  std::vector<std::uint64_t> answered_each() const {
    return {answered_each_.begin(), answered_each_.end()};
  }
  /// True if this many more requests are answered after the call.
  bool goes_on(std::uint64_t requests = 200) const;
  /// True if every client has stopped without being asked.
  bool is_over() const { return running_ == 0; }
  /// Returns when each client has received its last answer.
  LoadReport stop();

 private:
  void run_client(int number);
  void note_lost(const std::string& problem);

  const Address address_;
  const Shape shape_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> running_{0};
  std::atomic<std::uint64_t> answered_{0}, lost_{0}, refused_{0};
  std::vector<std::atomic<std::uint64_t>> answered_each_;
  std::mutex mutex_;
  std::vector<std::string> problems_;
  std::vector<std::thread> threads_;
};

}  // namespace alicorn::test
