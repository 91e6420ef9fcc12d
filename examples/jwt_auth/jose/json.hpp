// JSON from strangers, as tokens and bodies have it: read within limits, here and nowhere else, and
// written as CPython's json.dumps does. Any thread.
#pragma once

#include <boost/json/error.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace jwt_auth {

/// What a text may cost. Whoever writes it chooses the names of its members, and can choose them so
/// that all fall into one bucket of the table that is made of them: that costs the square of their
/// number.
struct JsonLimits {
  std::size_t bytes;
  std::size_t depth;
  std::size_t members;  ///< of all objects together
};

/// Of claims, and of what else only the holder of a key can have written: more than any have, and a
/// table of the worst names takes a few milliseconds.
constexpr JsonLimits kClaimsLimits{64 << 10, 64, 1024};
/// Of a token's header, which is read before the signature can be checked.
constexpr JsonLimits kHeaderLimits{64 << 10, 64, 64};

/// Nullopt unless the text is within the limits and one object of RFC 8259 whose member names are
/// unique at every depth and whose numbers fit (1e400 does not). RFC 7519 section 4 lets a reader
/// refuse a repeated name or take the last; PyJWT takes the last, but only the holder of the key
/// could write such a token, and two readers that understand it differently are what an attacker
/// wants.
std::optional<boost::json::object> parse_object(std::string_view text,
                                                const JsonLimits& limits = kClaimsLimits);

/// What the outermost value is, and of an object the members of these names: of equal ones the
/// last, objects and arrays among them empty. The rest is checked and dropped, so that a text of
/// any names costs as much as its length. `error`: why it is no JSON of RFC 8259, or
/// object_too_large and too_deep for the limits; then the value is null.
boost::json::value parse_members(std::string_view text, std::span<const std::string_view> names,
                                 const JsonLimits& limits, boost::json::error_code& error);

/// json.dumps(value, separators=(",", ":")): members in their order, ASCII alone, floats as repr().
/// Integers beyond 64 bits were read as floats and are written as such.
std::string dump_ascii(const boost::json::value& value);

/// The member as text; null where it is absent or of another kind.
const boost::json::string* string_member(const boost::json::object& object, std::string_view name);

}  // namespace jwt_auth
