// `alicorn ctl`: sends one command to a running server and prints the answer. Runs in its own
// process.
#pragma once

#include "base/result.hpp"
#include "server/config/command_line.hpp"
#include "server/control/control_exchange.hpp"

#include <string>
#include <vector>

namespace alicorn {

/// The words after `alicorn ctl`, parsed.
struct ControlCall {
  bool help = false;
  bool json = false;
  std::string socket;       ///< --socket; "": look elsewhere
  std::string config_file;  ///< -c; "": ./alicorn.yaml
  std::string owner;        ///< --owner; "": only the users that control_exchange.hpp trusts
  std::string line;         ///< the command
};
Result<ControlCall> parse_control_call(const std::vector<std::string>& words);

/// Where the server's socket is: --socket, else -c, else ALICORN_CONTROL_SOCKET, else what
/// ./alicorn.yaml says.
Result<ControlPath> find_control_socket(const ControlCall& call, const CommandLine& command_line);

/// For --json: the answer unchanged, but for a terminal with control characters escaped.
std::string shown_answer(const std::string& answer, bool is_terminal);

/// Prints the answer, or what went wrong. Returns the exit code: 0 done, 1 refused or no server,
/// 2 wrong usage.
int run_control_client(const CommandLine& command_line);

}  // namespace alicorn
