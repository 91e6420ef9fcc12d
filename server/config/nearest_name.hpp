// Which known name was meant by a mistyped one. Any process.
#pragma once

#include <string_view>
#include <vector>

namespace alicorn {

/// The candidate that takes the fewest insertions, deletions, replacements and swaps of neighbours;
/// "" where even that one is too far off to be meant, unless `name` is its beginning. '-' and '_'
/// count as equal.
std::string_view nearest_name(std::string_view name,
                              const std::vector<std::string_view>& candidates);

}  // namespace alicorn
