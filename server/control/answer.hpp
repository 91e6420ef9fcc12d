// The two simple answers of the control socket: done, or refused with a reason. JSON, one line.
// Master.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alicorn {

/// {"ok":true, ...} with these numbers, and with "notes":[...] if there are any.
std::string done(std::initializer_list<std::pair<std::string_view, std::int64_t>> numbers = {},
                 const std::vector<std::string>& notes = {});

/// {"ok":false,"error":"..."}
std::string refusal(std::string_view reason);

}  // namespace alicorn
