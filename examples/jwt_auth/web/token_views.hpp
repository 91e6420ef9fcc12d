// simplejwt's views: obtain, refresh, verify, blacklist, and the two for sliding tokens. On an app
// thread.
#pragma once

#include "web/context.hpp"
#include "web/reply.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jwt_auth {

/// A view with one POST, and what OPTIONS says about it.
struct TokenView {
  std::string_view path;  ///< below the common prefix: "refresh/"
  std::string_view name, description;
  std::vector<std::string_view> fields;            ///< required in the request
  std::vector<std::string_view> read_only_fields;  ///< only in the response
  Reply (*answer)(Context& context, const std::vector<std::string>& values);
  bool checks_passwords = false;
};

std::span<const TokenView> token_views();

/// Handles the whole request: its method, media types and fields.
Reply answer(const TokenView& view, Context& context);

}  // namespace jwt_auth
