// Reads one YAML document into a configuration. The only user of yaml-cpp. Master.
#pragma once

#include "base/result.hpp"
#include "server/config/config.hpp"
#include "server/config/sources.hpp"

#include <string>
#include <string_view>

namespace alicorn {

/// The settings gathered so far, and their sources.
struct Draft {
  Draft();

  Config config;
  Sources sources;
};

/// Messages call the document `name`. An Error has line and column.
Result<void> read_yaml(std::string_view name, const std::string& text, Draft& draft);

}  // namespace alicorn
