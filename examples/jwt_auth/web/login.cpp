#include "web/login.hpp"

#include "passwords/passwords.hpp"
#include "web/audit.hpp"
#include "web/login_attempt.hpp"
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

User log_in(Context& context, std::string_view username, std::string_view password) {
  LoginAttempt attempt(context, "user", username);
  if (const auto wait = attempt.begin()) throw throttled(*wait);

  const auto user = context.store.user_by_name(username);
  // Timing must not reveal which names exist, nor which have no password that we can verify
  // ("!...", or a hasher that Django has dropped).
  const bool has_password = user && has_known_hasher(user->password);
  const bool is_right =
      verify_password(password, has_password ? user->password
                                             : context.store.typical_password(
                                                   context.settings.password_iterations,
                                                   Store::Steady::now())) &&
      has_password;
  if (!user || !is_right || !user->is_active) {
    const std::string_view reason = !user      ? "unknown user"
                                    : is_right ? "inactive user"
                                               : "wrong password";
    audit(context.request, "login failed",
          {{"reason", reason}, {"user_id", user ? std::to_string(user->id) : "-"}});
    throw refusal(401, "No active account found with the given credentials");
  }
  attempt.succeed();
  if (context.settings.update_last_login) {
    context.store.set_last_login(user->id, stored_time(context.now));
  }
  audit(context.request, "login", {{"user_id", std::to_string(user->id)}});
  return *user;
}

}  // namespace jwt_auth
