// Rules that span several settings, which no single row of the table can check. Master.
#pragma once

#include "base/result.hpp"
#include "server/config/config.hpp"

namespace alicorn {

/// An Error begins with the key of a setting and names the settings that contradict it.
Result<void> validate(const Config& config);

/// An Error if no application is given: there is nothing to serve or to check.
Result<void> require_application(const Config& config);

}  // namespace alicorn
