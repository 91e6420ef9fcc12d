#include "store/accounts.hpp"

#include "store/database.hpp"
#include "store/purge.hpp"
#include "store/time_text.hpp"

#include <limits>

namespace jwt_auth {
namespace {

constexpr Query kUserId{"SELECT id FROM auth_user WHERE username = :username", "s", "n"};

constexpr Query kInsertUser{
    "INSERT INTO auth_user (username, password, email, is_staff, is_superuser, is_active, "
    "first_name, last_name, date_joined) VALUES (:username, :password, :email, "
    "CASE WHEN CAST(:is_staff AS integer) = 1 THEN TRUE ELSE FALSE END, "
    "CASE WHEN CAST(:is_superuser AS integer) = 1 THEN TRUE ELSE FALSE END, TRUE, '', '', "
    ":date_joined)",
    "sssnns", ""};

constexpr Query kSetPassword{"UPDATE auth_user SET password = :password WHERE username = :username",
                             "ss", ""};
constexpr Query kSetActive{
    "UPDATE auth_user SET is_active = CASE WHEN CAST(:is_active AS integer) = 1 THEN TRUE "
    "ELSE FALSE END WHERE username = :username",
    "ns", ""};

constexpr Query kInsertClient{
    "INSERT INTO jwt_auth_client (client_id, secret, scopes, is_active, created_at) "
    "VALUES (:client_id, :secret, :scopes, TRUE, :created_at)",
    "sssn", ""};
constexpr Query kSetClientActive{
    "UPDATE jwt_auth_client SET is_active = CASE WHEN CAST(:is_active AS integer) = 1 THEN TRUE "
    "ELSE FALSE END WHERE client_id = :client_id",
    "ns", ""};

// Waits for running rotations and makes later ones wait: no SELECT shows what an uncommitted
// transaction does with an old token. SQLite has only one writer anyway.
constexpr Query kLockOutstanding{
    "LOCK TABLE token_blacklist_outstandingtoken IN SHARE ROW EXCLUSIVE MODE", "", ""};

// Expired tokens, too: a sliding token's row may show an earlier time than its latest token.
constexpr Query kNextOutstanding{
    "SELECT count(*), max(id) FROM (SELECT o.id FROM token_blacklist_outstandingtoken o "
    "WHERE o.user_id = :user_id AND o.id > :last ORDER BY o.id LIMIT 500) AS next",
    "nn", "nn"};
// COALESCE gives the text the column's type. Everybody who revokes several tokens uses this order:
// two transactions with different orders would deadlock.
constexpr Query kRevoke{
    "INSERT INTO token_blacklist_blacklistedtoken (blacklisted_at, token_id) "
    "SELECT COALESCE(:when, o.expires_at), o.id FROM token_blacklist_outstandingtoken o "
    "WHERE o.user_id = :user_id AND o.id > :last AND o.id <= CAST(:until AS bigint) AND NOT EXISTS "
    "(SELECT 1 FROM token_blacklist_blacklistedtoken b WHERE b.token_id = o.id) "
    "ORDER BY o.id ON CONFLICT (token_id) DO NOTHING",
    "snnn", ""};

// Checks both times: a sliding token's row may show an earlier time than its latest token. Django's
// schema has an index only on the id, so the rows are read in batches by id.
constexpr Query kExpired{
    "SELECT o.id FROM token_blacklist_outstandingtoken o WHERE o.id > :last "
    "AND o.expires_at <= :before AND NOT EXISTS (SELECT 1 FROM token_blacklist_blacklistedtoken b "
    "WHERE b.token_id = o.id AND b.blacklisted_at > :same_before) ORDER BY o.id LIMIT 500",
    "nss", "n"};
constexpr Query kDeleteBlacklisted{
    "DELETE FROM token_blacklist_blacklistedtoken WHERE token_id = :id", "n", ""};
constexpr Query kDeleteOutstanding{"DELETE FROM token_blacklist_outstandingtoken WHERE id = :id",
                                   "n", ""};

std::optional<std::int64_t> user_id(Connection& connection, std::string_view username) {
  const Row* row = connection.one(kUserId, {username});
  if (row == nullptr) return std::nullopt;
  return (*row)[0].number;
}

std::int64_t number(bool value) {
  return value ? 1 : 0;
}

/// False if a row with that name exists.
template <class Work>
bool unless_there(Database& database, std::string_view operation, Work work) {
  try {
    database.write(operation, work);
    return true;
  } catch (const ConstraintViolation& violation) {
    if (violation.kind() != ConstraintViolation::Kind::kUnique) throw;
    return false;
  }
}

}  // namespace

Accounts::Accounts(const DatabaseSettings& settings)
    : database_(std::make_unique<Database>(settings)) {}

Accounts::~Accounts() = default;

std::optional<std::int64_t> Accounts::create_user(const NewUser& user, Time now) {
  std::optional<std::int64_t> id;
  unless_there(*database_, "create_user", [&](Connection& connection) {
    connection.run(kInsertUser, {user.username, user.password, user.email, number(user.is_staff),
                                 number(user.is_superuser), time_text(now, connection.kind())});
    id = user_id(connection, user.username);
  });
  return id;
}

bool Accounts::set_password(std::string_view username, std::string_view encoded) {
  return database_->write("set_password", [=](Connection& connection) {
    return connection.run(kSetPassword, {encoded, username}) == 1;
  });
}

bool Accounts::set_active(std::string_view username, bool is_active) {
  return database_->write("set_active", [=](Connection& connection) {
    return connection.run(kSetActive, {number(is_active), username}) == 1;
  });
}

bool Accounts::create_client(const Client& client, Time now) {
  return unless_there(*database_, "create_client", [&](Connection& connection) {
    connection.run(kInsertClient,
                   {client.client_id, client.secret, client.scopes, microseconds_of(now)});
  });
}

bool Accounts::set_client_active(std::string_view client_id, bool is_active) {
  return database_->write("set_client_active", [=](Connection& connection) {
    return connection.run(kSetClientActive, {number(is_active), client_id}) == 1;
  });
}

std::optional<std::int64_t> Accounts::revoke_all(std::string_view username, Time now) {
  const auto user = database_->read(
      "revoke_all", [=](Connection& connection) { return user_id(connection, username); });
  if (!user) return std::nullopt;
  const std::string when = time_text(now, database_->kind());
  std::int64_t count = 0;
  const auto revoke = [&](Connection& connection, std::int64_t last, std::int64_t until) {
    count += connection.run(kRevoke, {when, *user, last, until});
  };
  // Each batch has its own transaction: the service writes in between.
  for (std::optional<std::int64_t> last = 0; last;) {
    last = database_->write("revoke_all", [&](Connection& connection) {
      const Row& next = *connection.one(kNextOutstanding, {*user, *last});
      if (next[0].number == 0) return std::optional<std::int64_t>();
      const std::int64_t until = next[1].number;
      revoke(connection, *last, until);
      return std::optional(until);
    });
  }
  // Revokes the tokens made in the meantime, however many.
  database_->write("revoke_all", [&](Connection& connection) {
    if (!connection.is_sqlite()) connection.run(kLockOutstanding, {});
    revoke(connection, 0, std::numeric_limits<std::int64_t>::max());
  });
  return count;
}

Accounts::Flushed Accounts::flush_expired(Time now, seconds margin, Rate login_rate) {
  Flushed flushed;
  const std::string before = time_text(now - margin, database_->kind());
  std::vector<std::int64_t> ids{0};
  // Each batch has its own transaction: the service writes in between.
  while (!ids.empty()) {
    const std::int64_t last = ids.back();
    database_->write("flush_expired", [&](Connection& connection) {
      ids.clear();
      connection.each(kExpired, {last, before, before},
                      [&](const Row& row) { ids.push_back(row[0].number); });
      for (const std::int64_t id : ids) {
        connection.run(kDeleteBlacklisted, {id});
        flushed.tokens += connection.run(kDeleteOutstanding, {id});
      }
    });
  }
  database_->write("flush_expired", [&](Connection& connection) {
    flushed.rotations = purge_rotations(connection, now);
    flushed.attempts = purge_attempts(connection, login_rate, now);
  });
  return flushed;
}

}  // namespace jwt_auth
