// What a command prints. Not of the master's, once it serves.
#pragma once

#include "base/result.hpp"

#include <string>

namespace alicorn {

/// On stderr, with escaped control characters. Gives the exit code of wrong usage.
int report(const Error& error);
/// On stdout. Gives the exit code: whether that took it.
int print(const std::string& text);

}  // namespace alicorn
