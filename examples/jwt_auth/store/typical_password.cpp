#include "passwords/passwords.hpp"
#include "store/database.hpp"
#include "store/store.hpp"

#include <algorithm>
#include <map>

namespace jwt_auth {
namespace {

// The newest passwords show Django's current settings best.
constexpr Query kNewestPasswords{
    "SELECT password FROM auth_user WHERE password LIKE '%$%' AND password NOT LIKE '!%' "
    "ORDER BY id DESC LIMIT 64",
    "", "s"};

constexpr Query kNewestSecrets{
    "SELECT secret FROM jwt_auth_client ORDER BY created_at DESC LIMIT 64", "", "s"};

/// After a change of its settings, Django hashes a password again at its owner's next login.
constexpr std::chrono::minutes kLookedUpAgain(5);

/// The part before the salt: the algorithm and its cost.
std::string_view cost_of(std::string_view encoded) {
  const bool is_short = encoded.starts_with("pbkdf2_") || encoded.starts_with("scrypt$");
  std::size_t end = 0;
  for (int fields = is_short ? 2 : 4; fields > 0 && end != std::string_view::npos; --fields) {
    end = encoded.find('$', end == 0 ? 0 : end + 1);
  }
  return encoded.substr(0, end);
}

std::vector<std::string> known_ones(Connection& connection, const Query& query) {
  std::vector<std::string> found;
  connection.each(query, {}, [&](const Row& row) {
    if (has_known_hasher(row[0].text)) found.push_back(row[0].text);
  });
  return found;
}

/// Empty: there is none.
std::string most_typical(const std::vector<std::string>& passwords) {
  std::map<std::string_view, int> counts;
  for (const std::string& password : passwords) ++counts[cost_of(password)];
  const auto rarer = [&](const std::string& a, const std::string& b) {
    return counts[cost_of(a)] < counts[cost_of(b)];
  };
  const auto found = std::max_element(passwords.begin(), passwords.end(), rarer);
  return found == passwords.end() ? std::string() : *found;
}

}  // namespace

const std::string& Store::typical(std::string_view operation, const Query& query, Typical& kept,
                                  std::uint32_t iterations, Steady::time_point now) {
  if (kept.found_at && now - *kept.found_at < kLookedUpAgain) return kept.encoded;
  std::string found = most_typical(database_->read(
      operation, [&](Connection& connection) { return known_ones(connection, query); }));
  if (!found.empty()) kept.found_at = now;
  // Without any user or client, nobody can tell an existing name from an unknown one.
  if (kept.encoded.empty() && found.empty()) found = make_password("", iterations);
  if (!found.empty()) kept.encoded = std::move(found);
  return kept.encoded;
}

const std::string& Store::typical_password(std::uint32_t iterations, Steady::time_point now) {
  return typical("typical_password", kNewestPasswords, typical_password_, iterations, now);
}

const std::string& Store::typical_secret(Steady::time_point now) {
  return typical("typical_secret", kNewestSecrets, typical_secret_, 1, now);
}

}  // namespace jwt_auth
