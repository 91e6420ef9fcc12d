// The body of a request as data, whatever it was sent as: JSON, form or multipart. On an app
// thread.
#pragma once

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

#include <alicorn/app.hpp>

namespace jwt_auth {

/// For JSON whatever it holds; for the forms an object of texts, of a name given twice the last.
/// Throws Refusal: 415, or 400 in the words of Django REST framework's parsers.
boost::json::value read_data(const alicorn::Request& request);

/// The texts of required fields, in the order of `names`. Throws Refusal: 400 with the complaints
/// about all of them, in their order; or that the data is no object.
std::vector<std::string> require_fields(const boost::json::value& data,
                                        const std::vector<std::string_view>& names);

}  // namespace jwt_auth
