// Who logged in, who was refused, what was revoked: one line each, at level info, never with a
// password, a secret or a token in it. On an app thread.
#pragma once

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

}  // namespace jwt_auth
