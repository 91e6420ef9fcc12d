// The access log's JSON format: one object per request with all that is known about it. Plain
// functions. Worker, I/O thread.
#pragma once

#include "workers/log/access_log.hpp"
#include "workers/log/log_time.hpp"

#include <string>

#include <sys/types.h>

namespace alicorn {

/// Appends an object without a line end. The object has at most `size_max` bytes (which must be
/// 2048 or more) and is always complete: long values are cut with "...", and annotations that do
/// not fit are left out. An unknown value is null. `request_line` is present only if the request
/// could not be parsed, `annotations` only if there are any.
void append_access_json(std::string& out, const AccessRecord& record, const LogTime& time,
                        pid_t pid, std::size_t size_max);

}  // namespace alicorn
