// JSON from strangers, as in tokens and bodies. It is read within limits, and only here; it is
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

/// What a text may cost. Its author chooses the member names, and can choose names that all fall
/// into one bucket of a hash table; building the table then takes time quadratic in their number.
/// number.
struct JsonLimits {
  std::size_t bytes;
  std::size_t depth;
  std::size_t members;  ///< of all objects together
};

/// For claims and other texts that only the holder of a key can have written. The limits exceed all
/// real claims, and a table of the worst names takes a few milliseconds.
constexpr JsonLimits kClaimsLimits{64 << 10, 64, 1024};
/// For a token's header, which is read before the signature can be checked.
constexpr JsonLimits kHeaderLimits{64 << 10, 64, 64};

/// Nullopt unless the text is within the limits and one object of RFC 8259 whose member names are
/// unique at every depth and whose numbers fit (1e400 does not). RFC 7519 section 4 lets a reader
/// refuse a repeated name or take the last. PyJWT takes the last; but only the holder of the key
/// can write such a token, and attackers look for two readers that understand it differently.
std::optional<boost::json::object> parse_object(std::string_view text,
                                                const JsonLimits& limits = kClaimsLimits);

/// Parses a text, but keeps only the type of the outermost value and, of an object, the members
/// with these names: the last of repeated ones, with nested objects and arrays emptied. The rest is
/// checked and dropped, so the cost depends only on the length, whatever the names. `error`: why
/// the text is not JSON of RFC 8259, or object_too_large or too_deep for the limits; then the value
/// is null.
boost::json::value parse_members(std::string_view text, std::span<const std::string_view> names,
                                 const JsonLimits& limits, boost::json::error_code& error);

/// json.dumps(value, separators=(",", ":")): members in their order, ASCII only, floats as repr().
/// Integers beyond 64 bits were read as floats and are written as floats.
std::string dump_ascii(const boost::json::value& value);

/// The member's text; null if the member is absent or not a string.
const boost::json::string* string_member(const boost::json::object& object, std::string_view name);

}  // namespace jwt_auth
