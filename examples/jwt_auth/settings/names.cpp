#include "settings/names.hpp"

#include "settings/values.hpp"
#include "text/text.hpp"

#include <algorithm>

namespace jwt_auth {
namespace {

struct Reason {
  std::string_view name;
  std::string_view why;
};

constexpr Reason kReasons[] = {
    {"auth_header_type", "was removed from simplejwt; use auth_header_types, a list"},
    {"auth_token_class", "was removed from simplejwt; use auth_token_classes, a list"},
    {"secret_key", "was removed from simplejwt; use signing_key"},
    {"token_backend_class", "was removed from simplejwt; there is one token backend"},
    {"verifying_key",
     "is a list here, for rotation: use verifying_keys; the public part of "
     "signing_key is included automatically"},
    {"json_encoder", "names a Python class; claims are written as Python's json writes them"},
    {"jwk_url",
     "is not supported: checking a token never waits for another server; put the keys into "
     "verifying_keys"},
    {"on_login_success", "names a Python function; update_last_login does what its default does"},
    {"on_login_failed", "names a Python function; failed logins are in the log"},
    {"token_user_class", "names a Python class; protected pages see the claims themselves"},
    {"user_authentication_rule",
     "names a Python function; this service has the default rule, an "
     "active user (see check_user_is_active)"},
};

/// Levenshtein distance, one row at a time.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[to.size()];
}

}  // namespace

std::string why_not_applicable(std::string_view name) {
  const std::string lower = lower_case(name);
  for (const Reason& reason : kReasons) {
    if (lower == reason.name) return std::string(reason.why);
  }
  if (lower.ends_with("_serializer")) return "names a Python class; the endpoints are built in";
  return {};
}

std::string_view nearest_name(std::string_view name, const std::vector<std::string_view>& known) {
  constexpr std::size_t kLongest = 64;  // longer is not a typo, and the work grows with the length
  if (name.size() > kLongest) return {};
  std::string lower = lower_case(name);
  std::replace(lower.begin(), lower.end(), '-', '_');
  std::string_view nearest;
  std::size_t fewest = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    if (lower.size() > 2 && candidate.starts_with(lower)) return candidate;  // a truncated name
    const std::size_t distance = edit_distance(lower, candidate);
    if (distance < fewest) {
      fewest = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace jwt_auth
