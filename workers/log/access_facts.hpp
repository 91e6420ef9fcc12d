// Looks up request and response facts for both formats of the access log. Plain functions. Worker,
// I/O thread.
#pragma once

#include "workers/log/access_log.hpp"

#include <string_view>

namespace alicorn {

/// The first request field of that name (in lower case). "": no such field, or the request was not
/// parsed.
std::string_view request_field(const AccessRecord& record, std::string_view lower_name);
/// The first response field of that name, in any case, among the serialised fields. "": no such
/// field.
std::string_view response_field(const AccessRecord& record, std::string_view name);
/// The value that the app last gave this annotation. "": it gave none.
std::string_view annotation(const AccessRecord& record, std::string_view name);
/// The user of Basic credentials, decoded into `buffer` and cut to fit. "": none, or malformed.
std::string_view basic_auth_user(const AccessRecord& record, char (&buffer)[256]);
/// "HTTP/1.1", as the client sent it. "": the request was not parsed.
std::string_view protocol(const AccessRecord& record, char (&buffer)[16]);

}  // namespace alicorn
