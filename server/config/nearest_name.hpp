// Finds the known name that a mistyped name was meant to be. Any process.
#pragma once

#include <string_view>
#include <vector>

namespace alicorn {

/// The candidate that needs the fewest insertions, deletions, replacements and swaps of neighbours.
/// "" if even the nearest candidate is too far off, unless `name` is the beginning of one. '-' and
/// '_' count as equal.
std::string_view nearest_name(std::string_view name,
                              const std::vector<std::string_view>& candidates);

}  // namespace alicorn
