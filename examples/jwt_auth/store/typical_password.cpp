#include "passwords/passwords.hpp"
#include "store/database.hpp"
#include "store/store.hpp"

#include <algorithm>
#include <map>

namespace jwt_auth {
namespace {

// The newest tell best what Django's settings are today.
constexpr Query kNewestPasswords{
    "SELECT password FROM auth_user WHERE password LIKE '%$%' AND password NOT LIKE '!%' "
    "ORDER BY id DESC LIMIT 64",
    "", "s"};

/// What stands before the salt: the algorithm and what it costs.
std::string_view cost_of(std::string_view encoded) {
  const bool is_short = encoded.starts_with("pbkdf2_") || encoded.starts_with("scrypt$");
  std::size_t end = 0;
  for (int fields = is_short ? 2 : 4; fields > 0 && end != std::string_view::npos; --fields) {
    end = encoded.find('$', end == 0 ? 0 : end + 1);
  }
  return encoded.substr(0, end);
}

/// Empty: there is no user with a password.
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

const std::string& Store::typical_password(std::uint32_t iterations) {
  if (has_looked_for_password_) return typical_password_;
  const auto passwords = database_->read("typical_password", [](Connection& connection) {
    std::vector<std::string> found;
    connection.each(kNewestPasswords, {}, [&](const Row& row) { found.push_back(row[0].text); });
    return found;
  });
  std::string found = most_typical(passwords);
  has_looked_for_password_ = !found.empty();
  // Until there is a user, nobody can tell one from none.
  if (typical_password_.empty() && found.empty()) found = make_password("", iterations);
  if (!found.empty()) typical_password_ = std::move(found);
  return typical_password_;
}

}  // namespace jwt_auth
