// One YAML document on its way into a configuration; yaml-cpp ends here. Master.
#pragma once

#include "base/result.hpp"
#include "server/config/config.hpp"
#include "server/config/sources.hpp"

#include <string>
#include <string_view>

namespace alicorn {

/// What has been gathered so far, and from where.
struct Draft {
  Draft();

  Config config;
  Sources sources;
};

/// `name` is what messages call it. An Error has line and column.
Result<void> read_yaml(std::string_view name, const std::string& text, Draft& draft);

}  // namespace alicorn
