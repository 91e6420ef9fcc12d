// Finds settings that have no effect because the setting they depend on is off. Master.
#pragma once

#include "server/config/config.hpp"
#include "server/config/sources.hpp"

#include <string>
#include <vector>

namespace alicorn {

/// One sentence for each. They are not errors: a file that several servers share may contain
/// settings that one of the servers does not use.
std::vector<std::string> without_effect(const Config& config, const Sources& sources);

}  // namespace alicorn
