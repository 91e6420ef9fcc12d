// What the new master of a binary upgrade says to the old one through the pipe between them. Both
// ends are masters.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

/// "All workers are in place." In words that nothing else prints: until it has a log of its own,
/// the new master's stderr goes the same way. With the listeners that its configuration does
/// without, by the numbers of their descriptors, which are the same in both.
std::string describe_serving(const std::vector<int>& superseded);

/// Finds that in what was heard, and gives the listeners; nothing: it was not said, or not yet to
/// its end.
std::optional<std::vector<int>> find_serving(std::string_view heard);

}  // namespace alicorn
