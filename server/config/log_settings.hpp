// Rows of the settings table: both logs, and who is told besides. Master.
#pragma once

#include "server/config/settings_table.hpp"

#include <vector>

namespace alicorn {

std::vector<Setting> log_settings();
/// syslog and statsd.
std::vector<Setting> monitoring_settings();

}  // namespace alicorn
