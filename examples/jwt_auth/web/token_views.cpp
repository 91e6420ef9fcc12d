#include "web/token_views.hpp"

#include "web/audit.hpp"
#include "web/authentication.hpp"
#include "web/login.hpp"
#include "web/read_token.hpp"
#include "web/request_data.hpp"
#include "web/token_row.hpp"
#include "web/view_rules.hpp"

namespace jwt_auth {
namespace {

OutstandingToken row_of(const Context& context, const Claims& claims, const std::string& text,
                        std::optional<std::int64_t> user_id) {
  return row_of(context.settings, claims, text, user_id, stored_time(context.now));
}

std::optional<std::int64_t> user_of(Context& context, const Claims& claims) {
  const auto user_id = TokenService::text_of(claims, context.settings.user_id_claim);
  const auto user = user_id ? find_user(context, *user_id) : std::nullopt;
  return user ? std::optional(user->id) : std::nullopt;
}

/// Within the grace period a spent refresh token can still give its successor; then rotate() checks
/// the blacklist.
Blacklist blacklist_before_rotation(const Settings& settings) {
  const bool has_grace = settings.rotate_refresh_tokens && settings.blacklist_after_rotation &&
                         settings.rotation_grace > seconds(0) && keeps_tokens(settings);
  return has_grace ? Blacklist::kNotAsked : Blacklist::kAsked;
}

/// As in simplejwt, a token belongs to nobody if the claim is missing, null, "" or 0; nothing is
/// checked then. Any other value must be a user's id.
bool names_a_user(const Claims& claims, std::string_view claim) {
  const auto* value = claims.if_contains(claim);
  if (value == nullptr || value->is_null()) return false;
  if (const auto* text = value->if_string()) return !text->empty();
  return !value->is_number() || TokenService::text_of(claims, claim) != "0";
}

/// Checks that the user of a token to renew still exists, is active and has the same password.
/// Returns the id; nullopt for a token of nobody. Throws Refusal.
std::optional<std::int64_t> check_user(Context& context, const Claims& claims,
                                       const std::string& text) {
  const Settings& settings = context.settings;
  if (!names_a_user(claims, settings.user_id_claim)) return std::nullopt;
  const auto user_id = TokenService::text_of(claims, settings.user_id_claim);
  const auto user = find_user(context, *user_id);
  if (!user || (settings.check_user_is_active && !user->is_active)) {
    throw refusal(401, "No active account found for the given token.");
  }
  if (!settings.check_revoke_token) return user->id;
  const auto fingerprint = TokenService::text_of(claims, settings.revoke_token_claim);
  if (fingerprint == TokenService::password_fingerprint(user->password)) return user->id;
  if (keeps_tokens(context.settings)) {
    context.store.blacklist(row_of(context, claims, text, user->id), stored_time(context.now));
  }
  audit(context.request, "token refused", {{"reason", "password changed"}, {"user_id", *user_id}});
  throw refusal(401, "The user's password has been changed.");
}

void remember(Context& context, const Claims& claims, const std::string& text, const User& user) {
  if (keeps_tokens(context.settings))
    context.store.add_outstanding(row_of(context, claims, text, user.id));
}

std::string id_of(const Context& context, const User& user) {
  return context.settings.user_id_field == "username" ? user.username : std::to_string(user.id);
}

Reply obtain_pair(Context& context, const std::vector<std::string>& values) {
  const User user = log_in(context, values[0], values[1]);
  Claims refresh = context.tokens.make(TokenType::kRefresh, context.now);
  context.tokens.add_user(refresh, id_of(context, user), user.password);
  const Claims access = context.tokens.access_from_refresh(refresh, context.now);
  const std::string refresh_text = context.tokens.encode(refresh);
  remember(context, refresh, refresh_text, user);
  return json_reply(200, {{"refresh", refresh_text}, {"access", context.tokens.encode(access)}});
}

Reply obtain_sliding(Context& context, const std::vector<std::string>& values) {
  const User user = log_in(context, values[0], values[1]);
  Claims token = context.tokens.make(TokenType::kSliding, context.now);
  context.tokens.add_user(token, id_of(context, user), user.password);
  const std::string text = context.tokens.encode(token);
  remember(context, token, text, user);
  return json_reply(200, {{"token", text}});
}

/// The successor's text. Throws TokenError for the loser of a race.
std::string rotate(Context& context, const Claims& refresh, const std::string& text,
                   std::optional<std::int64_t> user_id) {
  const Settings& settings = context.settings;
  const Claims next = context.tokens.rotated(refresh, context.now);
  std::string next_text = context.tokens.encode(next);
  if (!keeps_tokens(context.settings)) return next_text;
  const OutstandingToken new_row = row_of(context, next, next_text, user_id);
  if (!settings.blacklist_after_rotation) {
    context.store.add_outstanding(new_row);
    return next_text;
  }
  const auto rotation = context.store.rotate(row_of(context, refresh, text, user_id), new_row,
                                             stored_time(context.now), settings.rotation_grace);
  if (rotation.is_winner) return next_text;
  if (rotation.successor) return *rotation.successor;
  throw TokenError("Token is blacklisted");
}

Reply refresh_pair(Context& context, const std::vector<std::string>& values) {
  const Claims refresh = read_token(context, values[0], TokenType::kRefresh,
                                    blacklist_before_rotation(context.settings));
  const auto user_id = check_user(context, refresh, values[0]);
  const Claims access = context.tokens.access_from_refresh(refresh, context.now);
  boost::json::object body{{"access", context.tokens.encode(access)}};
  if (context.settings.rotate_refresh_tokens) {
    body["refresh"] = rotate(context, refresh, values[0], user_id);
  }
  return json_reply(200, body);
}

Reply refresh_sliding(Context& context, const std::vector<std::string>& values) {
  const Claims sliding = read_token(context, values[0], TokenType::kSliding, Blacklist::kAsked);
  check_user(context, sliding, values[0]);
  context.tokens.verify_refresh_exp(sliding, context.now);
  return json_reply(200,
                    {{"token", context.tokens.encode(context.tokens.slid(sliding, context.now))}});
}

Reply verify(Context& context, const std::vector<std::string>& values) {
  const Claims claims = read_token(context, values[0], std::nullopt, Blacklist::kNotAsked);
  if (context.settings.blacklist_after_rotation && is_revoked(context, claims)) {
    throw Refusal(json_reply(400, {{"non_field_errors", {"Token is blacklisted"}}}));
  }
  return json_reply(200, boost::json::object());
}

Reply blacklist(Context& context, const std::vector<std::string>& values) {
  const Claims refresh = read_token(context, values[0], TokenType::kRefresh, Blacklist::kAsked);
  if (keeps_tokens(context.settings)) {
    const OutstandingToken row = row_of(context, refresh, values[0], user_of(context, refresh));
    context.store.blacklist(row, stored_time(context.now));
    audit(context.request, "token revoked",
          {{"jti", row.jti}, {"user_id", row.user_id ? std::to_string(*row.user_id) : "-"}});
  }
  return json_reply(200, boost::json::object());
}

/// {"username":{"type":"string",...}}
boost::json::object describe_fields(const TokenView& view) {
  boost::json::object fields;
  const auto add = [&](std::string_view name, bool is_read_only) {
    std::string label(name);
    label[0] = static_cast<char>(label[0] & ~0x20);
    fields[name] = {{"type", "string"},
                    {"required", !is_read_only},
                    {"read_only", is_read_only},
                    {"label", label}};
  };
  for (const auto name : view.fields) add(name, false);
  for (const auto name : view.read_only_fields) add(name, true);
  return fields;
}

}  // namespace

std::span<const TokenView> token_views() {
  static const std::vector<TokenView> views{
      {"",
       "Token Obtain Pair",
       "Takes a set of user credentials and returns an access and refresh JSON web\n"
       "token pair to prove the authentication of those credentials.",
       {"username", "password"},
       {},
       obtain_pair,
       true},
      {"refresh/",
       "Token Refresh",
       "Takes a refresh type JSON web token and returns an access type JSON web\n"
       "token if the refresh token is valid.",
       {"refresh"},
       {"access"},
       refresh_pair},
      {"verify/",
       "Token Verify",
       "Takes a token and indicates if it is valid.  This view provides no\n"
       "information about a token's fitness for a particular use.",
       {"token"},
       {},
       verify},
      {"blacklist/",
       "Token Blacklist",
       "Takes a token and blacklists it. Must be used with the\n"
       "`rest_framework_simplejwt.token_blacklist` app installed.",
       {"refresh"},
       {},
       blacklist},
      {"sliding/",
       "Token Obtain Sliding",
       "Takes a set of user credentials and returns a sliding JSON web token to\n"
       "prove the authentication of those credentials.",
       {"username", "password"},
       {},
       obtain_sliding,
       true},
      {"sliding/refresh/",
       "Token Refresh Sliding",
       "Takes a sliding JSON web token and returns a new, refreshed version if the\n"
       "token's refresh period has not expired.",
       {"token"},
       {},
       refresh_sliding},
  };
  return views;
}

Reply answer(const TokenView& view, Context& context) {
  negotiate(context.request);
  if (context.request.method_id() == ALICORN_METHOD_OPTIONS) {
    const boost::json::object fields = describe_fields(view);
    return describe_view(view.name, view.description, &fields);
  }
  if (context.request.method_id() != ALICORN_METHOD_POST) throw method_refusal(context.request);
  try {
    const auto data = read_data(context.request, view.fields);
    return view.answer(context, require_fields(data, view.fields));
  } catch (const TokenError& error) {
    throw token_refusal(error.what());
  }
}

}  // namespace jwt_auth
