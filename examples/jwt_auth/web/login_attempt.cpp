#include "web/login_attempt.hpp"

#include "web/audit.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <iterator>

#include <arpa/inet.h>

namespace jwt_auth {
namespace {

bool is_limited(const Context& context) {
  return context.settings.login_rate.count > 0;
}

void say_once(const Context& context, std::atomic<bool>& was_said, std::int32_t level,
              std::string_view message) {
  if (!was_said.exchange(true)) context.request.log(level, message);
}

std::string text_of(const in_addr& address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address, text.data(), text.size());
  return text.data();
}

/// 64:ff9b::/96, behind which a translator shows all of IPv4.
bool is_translated(const in6_addr& address) {
  constexpr std::array<std::uint8_t, 12> kPrefix{0, 0x64, 0xff, 0x9b};
  return std::equal(kPrefix.begin(), kPrefix.end(), address.s6_addr);
}

}  // namespace

std::optional<std::string> network_of(std::string_view address) {
  const std::string text(address);
  if (in_addr parsed{}; ::inet_pton(AF_INET, text.c_str(), &parsed) == 1) return text_of(parsed);
  in6_addr parsed{};
  if (::inet_pton(AF_INET6, text.c_str(), &parsed) != 1) return std::nullopt;
  if (IN6_IS_ADDR_V4MAPPED(&parsed) || is_translated(parsed)) {
    in_addr embedded{};
    std::memcpy(&embedded, parsed.s6_addr + 12, sizeof embedded);
    return text_of(embedded);
  }
  constexpr std::size_t kPrefixBytes = 8;
  std::fill(parsed.s6_addr + kPrefixBytes, std::end(parsed.s6_addr), std::uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> network{};
  ::inet_ntop(AF_INET6, &parsed, network.data(), network.size());
  return std::string(network.data()) + "/64";
}

LoginAttempt::LoginAttempt(Context& context, std::string_view kind, std::string_view name)
    : context_(context) {
  if (!is_limited(context)) return;
  attempt_.network = network_of(context.request.client_address()).value_or("");
  attempt_.name.append(kind).append(" ").append(name);
}

std::optional<seconds> LoginAttempt::begin() {
  if (!is_limited(context_)) return std::nullopt;
  LoginNotices& notices = context_.notices;
  if (attempt_.network.empty()) {
    say_once(
        context_, notices.unknown_address, ALICORN_LOG_ERROR,
        "app.login_rate is set, and the client's address is unknown: logins are refused (503). "
        "Let the proxy before the unix socket send X-Forwarded-For, or take login_rate out");
    throw AddressUnknown();
  }
  const auto wait = context_.store.reserve_attempt(attempt_, context_.settings.login_rate,
                                                   [] { return stored_time(Clock::now()); });
  if (!wait) return std::nullopt;
  const bool is_network = wait->reached == AttemptLimit::kNetwork;
  log_limited(context_.request, notices.throttled, ALICORN_LOG_INFO, "login throttled",
              {{"limit", is_network ? "network" : "name"}});
  const bool is_loopback = attempt_.network.starts_with("127.") || attempt_.network == "::/64";
  if (is_network && is_loopback) {
    say_once(
        context_, notices.loopback, ALICORN_LOG_WARNING,
        "app.login_rate was reached by this machine's own address: if a proxy stands here, let "
        "it send X-Forwarded-For, or all its clients count as one");
  }
  return wait->time;
}

void LoginAttempt::succeed() {
  if (is_limited(context_)) context_.store.forgive_attempt(attempt_);
}

}  // namespace jwt_auth
