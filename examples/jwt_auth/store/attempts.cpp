#include "store/database.hpp"
#include "store/store.hpp"
#include "store/time_text.hpp"

#include <algorithm>
#include <array>

#include <openssl/evp.h>

namespace jwt_auth {
namespace {

// The attempt that must have left the window before another may enter it.
constexpr Query kOldestThatCounts{
    "SELECT tried_at FROM jwt_auth_login_attempt WHERE attempt_key = :key AND tried_at > :since "
    "ORDER BY tried_at DESC LIMIT 1 OFFSET :free",
    "snn", "n"};

constexpr Query kInsertAttempt{
    "INSERT INTO jwt_auth_login_attempt (attempt_key, tried_at) VALUES (:key, :now)", "sn", ""};

constexpr Query kDeleteNewest{
    "DELETE FROM jwt_auth_login_attempt WHERE id = "
    "(SELECT max(id) FROM jwt_auth_login_attempt WHERE attempt_key = :key)",
    "s", ""};

constexpr Query kPurge{"DELETE FROM jwt_auth_login_attempt WHERE tried_at <= :since", "n", ""};
// Two that delete the same rows in different orders would be a deadlock.
constexpr Query kPurgePostgresql{
    "DELETE FROM jwt_auth_login_attempt WHERE id IN (SELECT id FROM jwt_auth_login_attempt "
    "WHERE tried_at <= :since FOR UPDATE SKIP LOCKED)",
    "n", ""};

// SQLite has one writer anyway. The first number is the lock's name among those of this database.
constexpr Query kLockKey{
    "SELECT 1 FROM pg_advisory_xact_lock(1785164133, hashtext(CAST(:key AS text)))", "s", "n"};

/// Of one length, and readable to nobody: people type their password where the name belongs.
std::string digest_of(std::string_view key) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(key.data(), key.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("SHA-256 failed");
  }
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text.append(1, kDigits[digest[i] >> 4]).append(1, kDigits[digest[i] & 15]);
  }
  return text;
}

void lock(Connection& connection, const std::string& key) {
  if (!connection.is_sqlite()) connection.one(kLockKey, {key});
}

}  // namespace

std::optional<seconds> Store::reserve_attempt(std::string_view key, Rate rate, Time now) {
  if (rate.count == 0) return std::nullopt;
  const std::string digest = digest_of(key);
  using std::chrono::ceil;
  using std::chrono::microseconds;
  return database_->write("reserve_attempt", [&](Connection& connection) -> std::optional<seconds> {
    const std::int64_t since = microseconds_of(now - rate.period);
    lock(connection, digest);
    connection.run(connection.is_sqlite() ? kPurge : kPurgePostgresql, {since});
    const Row* row =
        connection.one(kOldestThatCounts, {digest, since, std::int64_t{rate.count} - 1});
    if (row == nullptr) {
      connection.run(kInsertAttempt, {digest, microseconds_of(now)});
      return std::nullopt;
    }
    // A clock that was set back must not lock anybody out for longer than the period.
    const auto wait = ceil<seconds>(microseconds((*row)[0].number - since));
    return std::clamp(wait, seconds(1), rate.period);
  });
}

void Store::forgive_attempt(std::string_view key) {
  const std::string digest = digest_of(key);
  database_->write("forgive_attempt", [&](Connection& connection) {
    lock(connection, digest);
    connection.run(kDeleteNewest, {digest});
  });
}

}  // namespace jwt_auth
