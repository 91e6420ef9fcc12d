// What a wrong name of a setting may have meant. Any process.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jwt_auth {

/// Why a setting of simplejwt is not taken, or was never one of ours; "" for any other name. Case
/// does not matter.
std::string why_not_applicable(std::string_view name);

/// The known name that takes the fewest changes; "" where even that is too far off.
std::string_view nearest_name(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace jwt_auth
