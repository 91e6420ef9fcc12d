// The body of a request as data, whatever it was sent as: JSON, form or multipart. On an app
// thread.
#pragma once

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

#include <alicorn/app.hpp>

namespace jwt_auth {

/// The fields of these names, of one that is given twice the last: an object without any other, as
/// the names of others are the client's choice, and might all fall into one bucket of a table. Of
/// JSON that is no object, what it is. Throws Refusal: 415, or 400 in the words of Django REST
/// framework's parsers.
boost::json::value read_data(const alicorn::Request& request,
                             const std::vector<std::string_view>& names);

/// The texts of required fields, in the order of `names`. Throws Refusal: 400 with the complaints
/// about all of them, in their order; or that the data is no object.
std::vector<std::string> require_fields(const boost::json::value& data,
                                        const std::vector<std::string_view>& names);

}  // namespace jwt_auth
