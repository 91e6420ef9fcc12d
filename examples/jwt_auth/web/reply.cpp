#include "web/reply.hpp"

#include "text/text.hpp"

#include <boost/json/serialize.hpp>

namespace jwt_auth {

Reply json_reply(int status, const boost::json::value& body) {
  // The serialiser passes on any bytes in a text, also those from a client.
  std::string text = boost::json::serialize(body);
  if (find_utf8_error(text)) text = replace_invalid_utf8(text);
  return {status, std::move(text)};
}

Refusal refusal(int status, std::string_view detail) {
  return Refusal(json_reply(status, {{"detail", detail}}));
}

Refusal refusal(int status, std::string_view detail, std::string_view code) {
  return Refusal(json_reply(status, {{"detail", detail}, {"code", code}}));
}

Refusal token_refusal(std::string_view detail) {
  return refusal(401, detail, "token_not_valid");
}

}  // namespace jwt_auth
