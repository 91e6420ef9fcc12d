// JSON as tokens have it: read strictly, written as CPython's json.dumps does. Any thread.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace jwt_auth {

/// Nullopt unless the text is one object of RFC 8259 whose member names are unique at every depth
/// and whose numbers fit (1e400 does not). RFC 7519 section 4 lets a reader refuse a repeated name
/// or take the last; PyJWT takes the last, but only the holder of the key could write such a token,
/// and two readers that understand it differently are what an attacker wants.
std::optional<boost::json::object> parse_object(std::string_view text);

/// json.dumps(value, separators=(",", ":")): members in their order, ASCII alone, floats as repr().
/// Integers beyond 64 bits were read as floats and are written as such.
std::string dump_ascii(const boost::json::value& value);

/// The member as text; null where it is absent or of another kind.
const boost::json::string* string_member(const boost::json::object& object, std::string_view name);

}  // namespace jwt_auth
