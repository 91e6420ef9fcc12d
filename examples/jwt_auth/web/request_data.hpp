// The body of a request as data, sent as JSON, form or multipart. On an app thread.
#pragma once

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

#include <alicorn/app.hpp>

namespace jwt_auth {

/// An object with only the given names; of a repeated field, the last. Other names are left out:
/// the client chooses them, and they might all fall into one bucket of a hash table. For JSON that
/// is not an object, a value of its type. Throws Refusal: 415, or 400 in the words of Django REST
/// framework's parsers.
boost::json::value read_data(const alicorn::Request& request,
                             const std::vector<std::string_view>& names);

/// The texts of required fields, in the order of `names`. Throws Refusal: 400 with the complaints
/// about all of them in that order, or that the data is not an object.
std::vector<std::string> require_fields(const boost::json::value& data,
                                        const std::vector<std::string_view>& names);

}  // namespace jwt_auth
