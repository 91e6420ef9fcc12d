// What both forms of the access log look up in a request or a response. Plain functions. Worker,
// I/O thread.
#pragma once

#include "workers/log/access_log.hpp"

#include <string_view>

namespace alicorn {

/// The first request field of that name (in lower case); "": none, or nothing was parsed.
std::string_view request_field(const AccessRecord& record, std::string_view lower_name);
/// The first field of that name, in any case, among the serialised ones; "": none.
std::string_view response_field(const AccessRecord& record, std::string_view name);
/// What the app noted under this name last; "": nothing.
std::string_view annotation(const AccessRecord& record, std::string_view name);
/// The user of Basic credentials, decoded into `buffer` and cut to it; "": none, or malformed.
std::string_view basic_auth_user(const AccessRecord& record, char (&buffer)[256]);
/// "HTTP/1.1", as the client said it; "": nothing was parsed.
std::string_view protocol(const AccessRecord& record, char (&buffer)[16]);

}  // namespace alicorn
