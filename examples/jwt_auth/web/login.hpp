// Turns a name and a password into a user: throttled, equally slow for unknown names, and recorded
// in the log. On an app thread.
#pragma once

#include "store/records.hpp"
#include "web/context.hpp"

#include <string_view>

namespace jwt_auth {

/// Throws Refusal: 401, the same for a wrong name, a wrong password and an inactive user; 429.
/// Throws AddressUnknown.
User log_in(Context& context, std::string_view username, std::string_view password);

}  // namespace jwt_auth
