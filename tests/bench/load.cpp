// The load generator of the benchmarks: one thread, and per request one send, one recv and a share
// of one epoll_wait, so that the server is busy before the client is.
//
//   load (-p PORT | -u SOCKET) -f REQUEST_FILE [OPTIONS]
//     -c N        connections [64]
//     -d SECONDS  time to measure [1]
//     -w SECONDS  time to warm up, with the same load [0]
//     -n N        end after N requests, if that comes before -d
//     -r RATE     open loop: RATE requests a second are due, evenly spaced, whether or not the
//     server
//                 keeps up. A latency counts from the time at which the request was due. Without -r
//                 each connection sends its next request when it has its answer (closed loop).
//     -x          a connection for each request
//     -i N        N more connections, which send one request each and stay idle
//     -H          hold the connections open until standard input ends
//     -t PID      count the CPU time of this process and all of its threads; repeatable
//
// It prints "ready" when all is set up, and at the end one line of JSON. It begins and ends with no
// request under way, so that the server's CPU time is that of the counted requests, no more.
#include "tests/bench/load_options.hpp"
#include "tests/bench/load_run.hpp"

#include <cstdio>

#include <signal.h>

int main(int argc, char** argv) {
  const LoadOptions options = parse_load_options(argc, argv);
  ::signal(SIGPIPE, SIG_IGN);
  LoadRun run(options);
  run.open_idle_connections();
  if (options.warm_s > 0) run.drive(options.warm_s);
  std::puts("ready");
  std::fflush(stdout);
  if (options.holds) {
    run.hold();
  } else {
    run.drive(options.measured_s);
    run.report();
  }
  return 0;
}
