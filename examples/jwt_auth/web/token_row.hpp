// A token as the database remembers it. Any thread.
#pragma once

#include "store/records.hpp"
#include "tokens/token.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace jwt_auth {

/// Of a token that has just been made or read; `user_id` if there is such a user.
OutstandingToken row_of(const Settings& settings, const Claims& claims, const std::string& text,
                        std::optional<std::int64_t> user_id, Time now);

}  // namespace jwt_auth
