// Settings that were given and do nothing, because another one that they belong to is off. Master.
#pragma once

#include "server/config/config.hpp"
#include "server/config/sources.hpp"

#include <string>
#include <vector>

namespace alicorn {

/// A sentence for each. They are no errors: a file that several servers share may set what one of
/// them does not use.
std::vector<std::string> without_effect(const Config& config, const Sources& sources);

}  // namespace alicorn
