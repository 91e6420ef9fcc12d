// Prints the output of a command. Not for a master that serves.
#pragma once

#include "base/result.hpp"

#include <string>

namespace alicorn {

/// Prints to stderr, with control characters escaped. Returns the exit code for wrong usage.
int report(const Error& error);
/// Prints to stdout. The exit code says whether that worked.
int print(const std::string& text);

}  // namespace alicorn
