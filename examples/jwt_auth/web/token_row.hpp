// A token's row in the database. Any thread.
#pragma once

#include "store/records.hpp"
#include "tokens/token.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace jwt_auth {

/// For a token that was just made or read; `user_id` only if there is such a user.
OutstandingToken row_of(const Settings& settings, const Claims& claims, const std::string& text,
                        std::optional<std::int64_t> user_id, Time now);

}  // namespace jwt_auth
