#include "jose/header.hpp"

#include "jose/base64url.hpp"
#include "jose/json.hpp"

namespace jwt_auth {

std::optional<boost::json::object> read_header(std::string_view segment) {
  const auto text = base64url_decode(segment);
  if (!text) return std::nullopt;
  auto header = parse_object(*text, kHeaderLimits);
  // "b64" turns off the encoding of the payload; PyJWT also refuses it for an attached payload.
  if (!header || header->contains("b64") || string_member(*header, "alg") == nullptr ||
      header->contains("crit") ||
      (header->contains("kid") && string_member(*header, "kid") == nullptr)) {
    return std::nullopt;
  }
  return header;
}

KeyHint hint_of(const boost::json::object& header) {
  const auto* kid = string_member(header, "kid");
  return {*string_member(header, "alg"),
          kid == nullptr ? std::nullopt : std::optional<std::string_view>(*kid)};
}

}  // namespace jwt_auth
