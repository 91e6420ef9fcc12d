// One run of the load generator: its connections, its clock, its counts. One thread.
#pragma once

#include "tests/bench/histogram.hpp"
#include "tests/bench/load_options.hpp"
#include "tests/bench/response_end.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

class LoadRun {
 public:
  /// The options must outlive the run.
  explicit LoadRun(const LoadOptions& options);
  LoadRun(const LoadRun&) = delete;
  LoadRun& operator=(const LoadRun&) = delete;
  ~LoadRun();

  void open_idle_connections();
  /// Forgets what was counted before, sends requests for this long, and waits for their answers.
  void drive(double seconds);
  /// Waits until standard input ends.
  void hold();
  /// Prints what drive() has counted.
  void report() const;

 private:
  struct Connection {
    int fd = -1;
    bool is_idle = false;     ///< it sends one request only
    bool is_waiting = false;  ///< for an answer
    bool awaits_room = false;
    bool has_served = false;
    int error = 0;         ///< of a send
    std::size_t sent = 0;  ///< of the request
    std::int64_t due_ns = 0;
    ResponseEnd response;
  };
  struct Counts {
    Histogram latency;
    Histogram lateness;  ///< of the client: a connection was free, and the request was sent late
    std::uint64_t not_200 = 0, errors = 0, reconnects = 0, idle_lost = 0, unanswered = 0;
    std::int64_t ended_ns = 0;
    std::int64_t server_cpu_ns = 0, client_cpu_ns = 0;
  };

  bool may_begin(std::int64_t now) const;
  std::int64_t next_due_ns() const;  ///< in the open loop
  void begin_due(std::int64_t now);
  void begin(Connection& connection, std::int64_t due_ns);
  void connect(Connection& connection);
  void close(Connection& connection);
  void send_request(Connection& connection);
  void await_room(Connection& connection, bool awaits);
  void serve(std::int64_t wait_ns);
  void on_readable(Connection& connection);
  void on_end(Connection& connection, int error);
  void on_answer(Connection& connection);
  void release(const Connection& connection);
  void count_unanswered(std::int64_t now);
  std::int64_t server_cpu_ns() const;

  const LoadOptions& options_;
  int epoll_;
  ResponseEnd::Usual usual_;
  std::vector<Connection> connections_;
  std::vector<std::size_t> free_;  ///< in the order in which they became free; see free_begin_
  std::size_t free_begin_ = 0, free_count_ = 0;
  std::size_t idle_answered_ = 0;
  std::uint64_t begun_ = 0;  ///< requests of this drive()
  std::int64_t start_ns_ = 0, stop_ns_ = 0;
  double gap_ns_ = 0;  ///< between two requests of the open loop
  Counts counts_;
};
