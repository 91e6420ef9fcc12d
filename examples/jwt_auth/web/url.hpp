// Paths as Django sees them behind a WSGI server: equivalent spellings (RFC 3986 section 6.2.2) are
// one path. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace jwt_auth {

/// Django's request.path_info: %XX is decoded, %2F too; bytes that are then not UTF-8 become %XX
/// again. Dot segments and empty segments stay: neither a WSGI server nor Django treats them
/// specially.
std::string path_info(std::string_view path);

/// For a Location: Django's escape_uri_path() of a path_info.
std::string quote_path(std::string_view path);
/// Django's iri_to_uri() of an unchanged query, whose bytes WSGI reads as Latin-1.
std::string quote_query(std::string_view query);

}  // namespace jwt_auth
