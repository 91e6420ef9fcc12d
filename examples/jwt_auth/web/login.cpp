#include "web/login.hpp"

#include "passwords/passwords.hpp"
#include "text/text.hpp"
#include "web/audit.hpp"
#include "web/reply.hpp"

namespace jwt_auth {
namespace {

Refusal throttled(seconds wait) {
  const std::string count = std::to_string(wait.count());
  Reply reply =
      json_reply(429, {{"detail", "Request was throttled. Expected available in " + count +
                                      (wait.count() == 1 ? " second." : " seconds.")}});
  reply.fields.emplace_back("retry-after", count);
  return Refusal(std::move(reply));
}

}  // namespace

void throttle(Context& context, std::string_view key) {
  const auto wait =
      context.store.reserve_attempt(key, context.settings.login_rate, stored_time(context.now));
  if (!wait) return;
  audit(context.request, "login throttled", {});
  throw throttled(*wait);
}

User log_in(Context& context, std::string_view username, std::string_view password) {
  const bool is_limited = context.settings.login_rate.count > 0;
  std::string key(context.request.client_address());
  key.append(" ").append(username);
  if (is_limited) throttle(context, key);

  const auto user = context.store.user_by_name(username);
  // Whoever measures must not learn which names there are, nor which have no password ("!...").
  const bool has_password = user && !user->password.starts_with('!');
  const bool is_right =
      verify_password(password, has_password ? user->password
                                             : context.store.typical_password(
                                                   context.settings.password_iterations)) &&
      has_password;
  if (!user || !is_right || !user->is_active) {
    const std::string_view reason = !user      ? "unknown user"
                                    : is_right ? "inactive user"
                                               : "wrong password";
    audit(context.request, "login failed",
          {{"reason", reason}, {"user_id", user ? std::to_string(user->id) : "-"}});
    throw refusal(401, "No active account found with the given credentials");
  }
  if (is_limited) context.store.forgive_attempt(key);
  if (context.settings.update_last_login) {
    context.store.set_last_login(user->id, stored_time(context.now));
  }
  audit(context.request, "login", {{"user_id", std::to_string(user->id)}});
  return *user;
}

}  // namespace jwt_auth
