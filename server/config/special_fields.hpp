// Kinds of values that only one setting has. Master.
#pragma once

#include "server/config/field.hpp"

#include <string>
#include <vector>

namespace alicorn {

Field application_field();  ///< APP.so[:SYMBOL] or MODULE:CALLABLE
Field mount_field();
Field static_field();
Field preload_requests_field();
Field pythonpath_field();             ///< an item may be a comma-separated list
Field binds_field();                  ///< addresses
Field hooks_field();                  ///< hooks_field.cpp
Field env_field();                    ///< raw_env: env_field.cpp
Field umask_field();                  ///< octal, or "inherit"
Field log_format_field();             ///< for both logs
Field forwarded_allow_ips_field();    ///< an item may be a comma-separated list
Field secure_scheme_headers_field();  ///< names become lower case, as in the parser

/// crash_redact: names become lower case.
Field crash_redact_field();

}  // namespace alicorn
