// Who logged in, who was refused, what was revoked: one line each, at level info, never with a
// password, a secret or a token in it. On an app thread.
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

/// One line a second; `more` says how many others had none.
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
