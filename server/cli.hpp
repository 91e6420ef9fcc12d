// Parses flags and arguments into a CommandLine. The only user of CLI11. Master, before anything
// else.
#pragma once

#include "base/result.hpp"
#include "server/config/command_line.hpp"

#include <string>
#include <vector>

namespace alicorn {

/// Reads argv, the environment and the working directory. Prints nothing and never exits; an Error
/// is one line about wrong usage.
Result<CommandLine> parse_command_line(int argc, char** argv);

/// The same from the given values; `arguments` lacks the program's name.
Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments,
                                       Environment environment, std::string working_directory);

/// "alicorn 0.1.0 (Boost 1.81.0, llhttp 9.2.1, ...)"
std::string version_text();

}  // namespace alicorn
