// The networks that a client's address is part of. A client with many addresses is limited by what
// these have in common. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jwt_auth {

/// As text, the narrowest first, each within the next. An IPv4 address stands for itself, also when
/// mapped or translated into IPv6 (RFC 4291, RFC 6052). For IPv6 the networks are the /64, the
/// least that a subscriber has, and what many subscribers have: the /56 and the /48. Empty if the
/// text is not an address.
std::vector<std::string> networks_of(std::string_view address);

}  // namespace jwt_auth
