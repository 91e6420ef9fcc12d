#include "web/login.hpp"

#include "passwords/passwords.hpp"
#include "text/text.hpp"
#include "web/audit.hpp"
#include "web/reply.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

#include <arpa/inet.h>

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

std::string network_of(std::string_view address) {
  std::string text(address);
  in6_addr parsed{};
  if (::inet_pton(AF_INET6, text.c_str(), &parsed) != 1 || IN6_IS_ADDR_V4MAPPED(&parsed)) {
    return text;
  }
  constexpr std::size_t kPrefixBytes = 8;
  std::fill(parsed.s6_addr + kPrefixBytes, std::end(parsed.s6_addr), std::uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> network{};
  ::inet_ntop(AF_INET6, &parsed, network.data(), network.size());
  return std::string(network.data()) + "/64";
}

std::optional<seconds> count_attempt(Context& context, std::string_view key) {
  const auto wait =
      context.store.reserve_attempt(key, context.settings.login_rate, stored_time(context.now));
  if (wait) audit(context.request, "login throttled", {});
  return wait;
}

User log_in(Context& context, std::string_view username, std::string_view password) {
  const bool is_limited = context.settings.login_rate.count > 0;
  const std::string key = network_of(context.request.client_address()).append(" ").append(username);
  if (is_limited) {
    if (const auto wait = count_attempt(context, key)) throw throttled(*wait);
  }

  const auto user = context.store.user_by_name(username);
  // Whoever measures must not learn which names there are, nor which have no password that we could
  // verify ("!...", or a hasher that Django gave up).
  const bool has_password = user && has_known_hasher(user->password);
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
