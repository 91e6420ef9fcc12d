// What the load generator is asked to do. load.cpp describes the options.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

struct LoadOptions {
  std::uint16_t port = 0;
  std::string socket_path;
  std::string request;
  std::size_t connections = 64;
  std::size_t idle_connections = 0;
  std::uint64_t requests_max = 0;  ///< 0: no limit
  double measured_s = 1, warm_s = 0;
  double rate = 0;  ///< 0: closed loop
  bool connects_for_each = false;
  bool holds = false;
  std::vector<std::string> counted_pids;
};

/// Ends the process with code 2 if an option is wrong.
LoadOptions parse_load_options(int argc, char** argv);
