// The views of simplejwt: obtain, refresh, verify, blacklist, and the two for sliding tokens. On an
// app thread.
#pragma once

#include "web/context.hpp"
#include "web/reply.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jwt_auth {

/// A view of one POST, with what OPTIONS tells about it.
struct TokenView {
  std::string_view path;  ///< below the prefix of all of them: "refresh/"
  std::string_view name, description;
  std::vector<std::string_view> fields;            ///< that the request must have
  std::vector<std::string_view> read_only_fields;  ///< that only the response has
  Reply (*answer)(Context& context, const std::vector<std::string>& values);
  bool checks_passwords = false;
};

std::span<const TokenView> token_views();

/// The whole request: its method, its media types, its fields.
Reply answer(const TokenView& view, Context& context);

}  // namespace jwt_auth
