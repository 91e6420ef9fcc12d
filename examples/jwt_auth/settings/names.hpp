// What an unknown setting may have been meant as. Any process.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jwt_auth {

/// Why a setting of simplejwt is not accepted here, or no longer exists; "" for any other name.
/// Case does not matter.
std::string why_not_applicable(std::string_view name);

/// The known name with the fewest changes; "" if even that is too different.
std::string_view nearest_name(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace jwt_auth
