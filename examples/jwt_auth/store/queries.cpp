#include "store/queries.hpp"

#include "store/time_text.hpp"

#include <cstdint>

namespace jwt_auth {
namespace {

// The user's id is looked up: the user may be deleted, and Django then leaves NULL in the token.
constexpr Query kInsertOutstanding{
    "INSERT INTO token_blacklist_outstandingtoken (jti, token, user_id, created_at, expires_at) "
    "VALUES (:jti, :token, (SELECT id FROM auth_user WHERE id = CAST(:user_id AS bigint)), "
    ":created_at, :expires_at) ON CONFLICT (jti) DO NOTHING",
    "ssnss", ""};

// A sliding token keeps its jti while its exp advances: the row, and with it the revocation, must
// outlive the last exp.
constexpr Query kInsertOrProlong{
    "INSERT INTO token_blacklist_outstandingtoken (jti, token, user_id, created_at, expires_at) "
    "VALUES (:jti, :token, (SELECT id FROM auth_user WHERE id = CAST(:user_id AS bigint)), "
    ":created_at, :expires_at) ON CONFLICT (jti) DO UPDATE SET expires_at = excluded.expires_at "
    "WHERE token_blacklist_outstandingtoken.expires_at < excluded.expires_at",
    "ssnss", ""};

constexpr Query kInsertBlacklisted{
    "INSERT INTO token_blacklist_blacklistedtoken (blacklisted_at, token_id) VALUES (:when, "
    "(SELECT id FROM token_blacklist_outstandingtoken WHERE jti = :jti)) "
    "ON CONFLICT (token_id) DO NOTHING",
    "ss", ""};

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
}

/// How many bytes follow this one; none for a byte that cannot begin a character.
int continuations_of(unsigned char lead) {
  if (lead >= 0xc2 && lead <= 0xdf) return 1;
  if (lead >= 0xe0 && lead <= 0xef) return 2;
  if (lead >= 0xf0 && lead <= 0xf4) return 3;
  return 0;
}

/// Overlong forms, surrogates, and code points beyond U+10FFFF.
bool is_forbidden(unsigned char lead, unsigned char second) {
  return (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
         (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f);
}

void insert(Connection& connection, const Query& query, const OutstandingToken& token) {
  const auto kind = connection.kind();
  Value user = nullptr;
  if (token.user_id) user = *token.user_id;
  connection.run(query, {token.jti, token.token, user, time_text(token.created_at, kind),
                         time_text(token.expires_at, kind)});
}

}  // namespace

bool is_storable(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    if (lead == 0) return false;
    if (lead < 0x80) continue;
    const int more = continuations_of(lead);
    if (more == 0 || text.size() - i < static_cast<std::size_t>(more)) return false;
    if (is_forbidden(lead, static_cast<unsigned char>(text[i]))) return false;
    for (int k = 0; k < more; ++k) {
      if (!is_continuation(text[i++])) return false;
    }
  }
  return true;
}

void insert_outstanding(Connection& connection, const OutstandingToken& token) {
  insert(connection, kInsertOutstanding, token);
}

bool insert_blacklisted(Connection& connection, const OutstandingToken& token, Time when) {
  insert(connection, kInsertOrProlong, token);
  return connection.run(kInsertBlacklisted, {time_text(when, connection.kind()), token.jti}) == 1;
}

}  // namespace jwt_auth
