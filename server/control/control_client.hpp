// `alicorn ctl`: one command to a running server, and what it answers. A process of its own.
#pragma once

#include "base/result.hpp"
#include "server/config/command_line.hpp"
#include "server/control/control_exchange.hpp"

#include <string>
#include <vector>

namespace alicorn {

/// What the words behind `alicorn ctl` ask for.
struct ControlCall {
  bool help = false;
  bool json = false;
  std::string socket;       ///< --socket; "": look elsewhere
  std::string config_file;  ///< -c; "": ./alicorn.yaml
  std::string owner;        ///< --owner; "": whom control_exchange.hpp trusts
  std::string line;         ///< the command
};
Result<ControlCall> parse_control_call(const std::vector<std::string>& words);

/// Where the server's socket is: --socket, else ALICORN_CONTROL_SOCKET, else what the configuration
/// says.
Result<ControlPath> find_control_socket(const ControlCall& call, const CommandLine& command_line);

/// For --json: the answer as it is, but nothing that a terminal obeys.
std::string shown_answer(const std::string& answer, bool is_terminal);

/// Prints the answer, or what went wrong. The exit code: 0 done, 1 refused or no server, 2 wrong
/// usage.
int run_control_client(const CommandLine& command_line);

}  // namespace alicorn
