// What the new master of a binary upgrade says to the old one through the pipe between them. Both
// ends are masters.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

/// The message "all workers are in place", in words that nothing else prints: until the new master
/// has a log of its own, its stderr goes through the same pipe. The message lists the listeners
/// that the new configuration no longer uses, by descriptor number; the numbers are the same in
/// both masters.
std::string describe_serving(const std::vector<int>& superseded);

/// Finds that message in `heard`, and gives its listeners. Nothing: the message has not arrived, or
/// not completely.
std::optional<std::vector<int>> find_serving(std::string_view heard);

}  // namespace alicorn
