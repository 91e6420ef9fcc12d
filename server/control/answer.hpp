// Answers of the control socket that need no facts: done, or refused and why. JSON, one line.
// Master.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace alicorn {

/// {"ok":true, ...}, with these numbers.
std::string done(std::initializer_list<std::pair<std::string_view, std::int64_t>> numbers = {});

/// {"ok":false,"error":"..."}
std::string refusal(std::string_view reason);

}  // namespace alicorn
