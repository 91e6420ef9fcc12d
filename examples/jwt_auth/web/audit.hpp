// The record of logins, refusals and revocations: one line each, at level info, never with a
// password, a secret or a token. On an app thread.
#pragma once

#include "web/line_limit.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <alicorn/app.hpp>

namespace jwt_auth {

inline void audit(const alicorn::Request& request, std::string_view event,
                  std::vector<alicorn::HeaderField> fields) {
  fields.push_back({"client", request.client_address()});
  request.log(ALICORN_LOG_INFO, event, fields);
}

/// At most one line a second; `more` counts the events since that had no line.
inline void log_limited(const alicorn::Request& request, LineLimit& limit, std::int32_t level,
                        std::string_view event, std::vector<alicorn::HeaderField> fields = {}) {
  const auto more = limit.note(std::chrono::steady_clock::now());
  if (!more) return;
  const std::string count = std::to_string(*more);
  fields.push_back({"client", request.client_address()});
  if (*more != 0) fields.push_back({"more", count});
  request.log(level, event, fields);
}

}  // namespace jwt_auth
