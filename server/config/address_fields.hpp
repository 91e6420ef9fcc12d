// Settings that name a daemon to which logs and metrics are sent. Master.
#pragma once

#include "server/config/field.hpp"

namespace alicorn {

Field syslog_address_field();  ///< unix://PATH, unix:PATH, udp://HOST:PORT, udp://HOST
Field syslog_facility_field();
Field statsd_host_field();    ///< HOST:PORT, unix://PATH, unix:PATH; "": none
Field statsd_prefix_field();  ///< without dots at its end
Field dogstatsd_tags_field();

}  // namespace alicorn
