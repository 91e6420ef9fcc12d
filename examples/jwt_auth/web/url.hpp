// Addresses as Django sees them behind a WSGI server: equivalent spellings of RFC 3986
// section 6.2.2 are one path. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace jwt_auth {

/// Django's request.path_info: %XX decoded, %2F too; what is then no UTF-8 stands as %XX again. Dot
/// segments and empty ones stay as they are: neither a WSGI server nor Django looks at them.
std::string path_info(std::string_view path);

/// For a Location: Django's escape_uri_path(), of a path_info.
std::string quote_path(std::string_view path);
/// Django's iri_to_uri(), of a query as it came: WSGI has its bytes as Latin-1.
std::string quote_query(std::string_view query);

}  // namespace jwt_auth
