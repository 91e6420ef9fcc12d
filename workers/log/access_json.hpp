// The access log's JSON form: one object per request with all that is known of it. Plain functions.
// Worker, I/O thread.
#pragma once

#include "workers/log/access_log.hpp"
#include "workers/log/log_time.hpp"

#include <string>

#include <sys/types.h>

namespace alicorn {

/// No line end. At most `size_max` bytes, 2048 or more, and always a whole object: long values are
/// cut with "...", and annotations that find no room are left out. What is not known is null.
/// `request_line` is there only when the request could not be parsed, `annotations` only when there
/// are some.
void append_access_json(std::string& out, const AccessRecord& record, const LogTime& time,
                        pid_t pid, std::size_t size_max);

}  // namespace alicorn
