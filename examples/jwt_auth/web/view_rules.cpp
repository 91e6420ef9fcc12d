#include "web/view_rules.hpp"

#include "web/media_type.hpp"

namespace jwt_auth {

void negotiate(const alicorn::Request& request) {
  if (!accepts_json(request.header("accept").value_or("*/*"))) {
    throw refusal(406, "Could not satisfy the request Accept header.");
  }
}

Refusal method_refusal(const alicorn::Request& request) {
  return refusal(405, "Method \"" + std::string(request.method()) + "\" not allowed.");
}

Reply describe_view(std::string_view name, std::string_view description,
                    const boost::json::object* post) {
  boost::json::object body{
      {"name", name},
      {"description", description},
      {"renders", {"application/json"}},
      {"parses", {"application/json", "application/x-www-form-urlencoded", "multipart/form-data"}}};
  if (post != nullptr) body["actions"] = boost::json::object{{"POST", *post}};
  return json_reply(200, body);
}

}  // namespace jwt_auth
