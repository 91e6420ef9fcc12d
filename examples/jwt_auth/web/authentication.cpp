#include "web/authentication.hpp"

#include "text/text.hpp"
#include "web/read_token.hpp"
#include "web/reply.hpp"

#include <algorithm>
#include <charconv>

namespace jwt_auth {
namespace {

/// Fields with the same name are joined by commas, as a WSGI server does.
std::string joined_header(const alicorn::Request& request, std::string_view name) {
  std::string joined;
  bool is_first = true;
  for (const auto [field_name, value] : request.headers()) {
    if (field_name != name) continue;
    if (!is_first) joined += ',';
    joined += value;
    is_first = false;
  }
  return joined;
}

/// Removes and returns the first word; "" if there is none left.
std::string_view next_word(std::string_view& rest) {
  static constexpr std::string_view kSpace = " \t\n\r\v\f";
  const std::size_t begin = std::min(rest.find_first_not_of(kSpace), rest.size());
  const std::size_t end = std::min(rest.find_first_of(kSpace, begin), rest.size());
  const std::string_view word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

Refusal not_provided() {
  return refusal(401, "Authentication credentials were not provided.");
}

/// The token in the header's value. Throws Refusal.
std::string_view bearer_token(std::string_view header, const Settings& settings) {
  const std::string_view scheme = next_word(header);
  const auto& known = settings.auth_header_types;
  if (std::find(known.begin(), known.end(), scheme) == known.end()) throw not_provided();
  const std::string_view token = next_word(header);
  if (token.empty() || !next_word(header).empty()) {
    throw refusal(401, "Authorization header must contain two space-delimited values",
                  "bad_authorization_header");
  }
  return token;
}

}  // namespace

Claims require_token(Context& context) {
  const Settings& settings = context.settings;
  const std::string header = joined_header(context.request, settings.auth_header_name);
  const std::string_view token = bearer_token(header, settings);
  boost::json::array messages;
  for (const std::string& name : settings.auth_token_classes) {
    const bool is_sliding = name == name_of(TokenType::kSliding);
    try {
      // Access tokens are never revoked.
      return is_sliding ? read_token(context, token, TokenType::kSliding, Blacklist::kAsked)
                        : read_token(context, token, TokenType::kAccess, Blacklist::kNotAsked);
    } catch (const TokenError& error) {
      messages.push_back({{"token_class", is_sliding ? "SlidingToken" : "AccessToken"},
                          {"token_type", name},
                          {"message", error.what()}});
    }
  }
  throw Refusal(json_reply(401, {{"detail", "Given token not valid for any token type"},
                                 {"code", "token_not_valid"},
                                 {"messages", std::move(messages)}}));
}

Identity require_user(Context& context) {
  const Settings& settings = context.settings;
  Identity identity{require_token(context), std::nullopt};
  const auto user_id = TokenService::text_of(identity.claims, settings.user_id_claim);
  if (!user_id) {
    throw token_refusal("Token contained no recognizable user identification");
  }
  if (settings.stateless) return identity;
  identity.user = find_user(context, *user_id);
  if (!identity.user) throw refusal(401, "User not found", "user_not_found");
  if (settings.check_user_is_active && !identity.user->is_active) {
    throw refusal(401, "User is inactive", "user_inactive");
  }
  if (settings.check_revoke_token) {
    const auto fingerprint = TokenService::text_of(identity.claims, settings.revoke_token_claim);
    if (fingerprint != TokenService::password_fingerprint(identity.user->password)) {
      throw refusal(401, "The user's password has been changed.", "password_changed");
    }
  }
  return identity;
}

void require_scope(const Claims& claims, std::string_view scope) {
  const auto granted = TokenService::text_of(claims, "scope");
  std::string_view rest = granted ? std::string_view(*granted) : std::string_view();
  while (!rest.empty()) {
    if (next_word(rest) == scope) return;
  }
  throw refusal(403, "You do not have permission to perform this action.");
}

std::optional<User> find_user(Context& context, std::string_view user_id) {
  if (context.settings.user_id_field == "username") return context.store.user_by_name(user_id);
  std::int64_t id = 0;
  const char* const end = user_id.data() + user_id.size();
  const auto [parsed, error] = std::from_chars(user_id.data(), end, id);
  if (error != std::errc() || parsed != end) return std::nullopt;
  return context.store.user_by_id(id);
}

}  // namespace jwt_auth
