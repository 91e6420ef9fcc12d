// A name and a password become a user: throttled, as slow for nobody as for somebody, and on the
// record. On an app thread.
#pragma once

#include "store/records.hpp"
#include "web/context.hpp"

#include <string_view>

namespace jwt_auth {

/// Throws Refusal: 401 for a wrong name, a wrong password and an inactive user alike; 429. Throws
/// AddressUnknown.
User log_in(Context& context, std::string_view username, std::string_view password);

}  // namespace jwt_auth
