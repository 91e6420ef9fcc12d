// A name and a password become a user: throttled, as slow for nobody as for somebody, and on the
// record. On an app thread.
#pragma once

#include "store/records.hpp"
#include "web/context.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace jwt_auth {

/// Throws Refusal: 401 for a wrong name, a wrong password and an inactive user alike; 429.
User log_in(Context& context, std::string_view username, std::string_view password);

/// Whose attempts count together: an IPv4 address, or the /64 that a subscriber of IPv6 has all for
/// himself. What is no address stays as it is.
std::string network_of(std::string_view address);

/// Counts an attempt. How long to wait where the key has none left; nullopt: go on.
std::optional<seconds> count_attempt(Context& context, std::string_view key);

}  // namespace jwt_auth
