// What ps, top and pgrep show: the process's name and its command line, overwritten in place.
// Master, worker.
#pragma once

#include <string_view>

namespace alicorn {

/// Cut to the memory that the command line and the environment had at start. Does nothing on a
/// system without /proc.
void set_process_title(std::string_view title);

}  // namespace alicorn
