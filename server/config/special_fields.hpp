// Kinds of values that one setting alone has. Master.
#pragma once

#include "server/config/field.hpp"

#include <string>
#include <vector>

namespace alicorn {

Field application_field();            ///< APP.so[:SYMBOL]
Field binds_field();                  ///< addresses
Field hooks_field();                  ///< hooks_field.cpp
Field env_field();                    ///< raw_env: env_field.cpp
Field umask_field();                  ///< octal, or "inherit"
Field log_format_field();             ///< of both logs
Field forwarded_allow_ips_field();    ///< each item may itself be a list with commas
Field secure_scheme_headers_field();  ///< names in lower case, as the parser gives them

/// crash_redact: names are kept in lower case.
Field crash_redact_field();

}  // namespace alicorn
