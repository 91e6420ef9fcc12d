// The networks that a client's address is part of. Whoever has many addresses is limited by what
// they have in common. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jwt_auth {

/// As text, the narrowest first, each within the next one. An IPv4 address, also where it comes
/// mapped or translated into IPv6 (RFC 4291, RFC 6052), stands for itself. Of IPv6 it is the /64,
/// the least that a subscriber has, and then what many have: the /56 and the /48. Empty for what is
/// no address.
std::vector<std::string> networks_of(std::string_view address);

}  // namespace jwt_auth
