// Rules between settings, which no row of the table can know alone. Master.
#pragma once

#include "base/result.hpp"
#include "server/config/config.hpp"

namespace alicorn {

/// An Error begins with the key of a setting, and names those that contradict it.
Result<void> validate(const Config& config);

/// Without an application there is nothing to serve or to check.
Result<void> require_application(const Config& config);

}  // namespace alicorn
