// Settings for the daemons that receive logs and metrics. Master.
#pragma once

#include "server/config/field.hpp"

namespace alicorn {

Field syslog_address_field();  ///< unix://PATH, unix:PATH, udp://HOST:PORT, udp://HOST
Field syslog_facility_field();
Field statsd_host_field();    ///< HOST:PORT, unix://PATH, unix:PATH; "": none
Field statsd_prefix_field();  ///< without trailing dots
Field dogstatsd_tags_field();

}  // namespace alicorn
