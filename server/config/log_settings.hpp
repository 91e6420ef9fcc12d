// Rows of the settings table for both logs, syslog and statsd. Master.
#pragma once

#include "server/config/settings_table.hpp"

#include <vector>

namespace alicorn {

std::vector<Setting> log_settings();
/// The rows for syslog and statsd.
std::vector<Setting> monitoring_settings();

}  // namespace alicorn
