// The first segment of a token; both compact forms have one. Any thread.
#pragma once

#include "jose/key_ring.hpp"

#include <boost/json/object.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace jwt_auth {

/// Exactly `kCount` segments, else nullopt.
template <std::size_t kCount>
std::optional<std::array<std::string_view, kCount>> split_token(std::string_view token) {
  std::array<std::string_view, kCount> segments;
  for (std::size_t i = 0; i + 1 < kCount; ++i) {
    const std::size_t dot = token.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    segments[i] = token.substr(0, dot);
    token.remove_prefix(dot + 1);
  }
  if (token.find('.') != std::string_view::npos) return std::nullopt;
  segments.back() = token;
  return segments;
}

/// Nullopt for what no form allows: not an object, no alg, a kid that is not a string, crit or b64.
std::optional<boost::json::object> read_header(std::string_view segment);
/// The views in the hint live as long as the header.
KeyHint hint_of(const boost::json::object& header);

}  // namespace jwt_auth
