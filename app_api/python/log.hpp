// Lines in the server's error log. Python bridge; any thread, with the GIL where Python objects are
// named.
#pragma once

#include "app_api/python/python.hpp"

#include <string_view>

namespace alicorn::python {

struct LogTarget {
  const alicorn_host* host;
  alicorn_token token = 0;  ///< of the request that the line is about; 0: of none
};

inline void log_line(const LogTarget& target, int level, std::string_view line) {
  target.host->log(target.host, target.token, level, text_of(line), nullptr, 0);
}

/// Logs each line of a text.
void log_text(const LogTarget& target, int level, std::string_view text);

/// Logs an exception as Python shows it.
void log_exception(const LogTarget& target, std::string_view occasion, const Raised& raised);
/// Logs the one that is set, and clears it.
void log_exception(const LogTarget& target, std::string_view occasion);

}  // namespace alicorn::python
