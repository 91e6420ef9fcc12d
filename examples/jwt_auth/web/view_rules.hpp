// What every view of Django REST framework does around its own work. On an app thread.
#pragma once

#include "web/context.hpp"
#include "web/reply.hpp"

#include <boost/json/object.hpp>

#include <string_view>

namespace jwt_auth {

/// Throws Refusal: 406.
void negotiate(const alicorn::Request& request);

Refusal method_refusal(const alicorn::Request& request);

/// The answer to OPTIONS. `post`: the fields of a POST; null if the view has none.
Reply describe_view(std::string_view name, std::string_view description,
                    const boost::json::object* post);

}  // namespace jwt_auth
