#include "web/login_attempt.hpp"

#include "web/audit.hpp"
#include "web/networks.hpp"

#include <cstdint>

namespace jwt_auth {
namespace {

bool is_limited(const Context& context) {
  return context.settings.login_rate.count > 0;
}

void say_once(const Context& context, std::atomic<bool>& was_said, std::int32_t level,
              std::string_view message) {
  if (!was_said.exchange(true)) context.request.log(level, message);
}

bool is_loopback(std::string_view network) {
  return network.starts_with("127.") || network == "::/64";
}

}  // namespace

LoginAttempt::LoginAttempt(Context& context, std::string_view kind, std::string_view name)
    : context_(context) {
  if (!is_limited(context)) return;
  attempt_.networks = networks_of(context.request.client_address());
  attempt_.name.append(kind).append(" ").append(name);
}

std::optional<seconds> LoginAttempt::begin() {
  if (!is_limited(context_)) return std::nullopt;
  LoginNotices& notices = context_.notices;
  if (attempt_.networks.empty()) {
    say_once(
        context_, notices.unknown_address, ALICORN_LOG_ERROR,
        "app.login_rate is set, and the client's address is unknown: logins are refused (503). "
        "Make the proxy in front of the unix socket send X-Forwarded-For, or remove login_rate");
    throw AddressUnknown();
  }
  const auto wait = context_.store.reserve_attempt(attempt_, context_.settings.login_rate,
                                                   [] { return stored_time(Clock::now()); });
  if (!wait) return std::nullopt;
  const bool is_network = wait->reached == AttemptLimit::kNetwork;
  log_limited(context_.request, notices.throttled, ALICORN_LOG_INFO, "login throttled",
              {{"limit", is_network ? "network" : "name"}});
  if (is_network && is_loopback(attempt_.networks.front())) {
    say_once(context_, notices.loopback, ALICORN_LOG_WARNING,
             "app.login_rate was reached by this machine's own address: if a proxy runs here, make "
             "it send X-Forwarded-For; otherwise all its clients count as one");
  }
  return wait->time;
}

void LoginAttempt::succeed() {
  if (is_limited(context_)) context_.store.forgive_attempt(attempt_);
}

}  // namespace jwt_auth
