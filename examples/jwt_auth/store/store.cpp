#include "store/store.hpp"

#include "store/database.hpp"
#include "store/purge.hpp"
#include "store/queries.hpp"
#include "store/time_text.hpp"

namespace jwt_auth {
namespace {

// A boolean is a number in SQLite, and a type of its own in PostgreSQL.
constexpr Query kUserByName{
    "SELECT id, username, password, CASE WHEN is_active THEN 1 ELSE 0 END FROM auth_user "
    "WHERE username = :username",
    "s", "nssn"};

// An id too large for the column is not an error: nobody has that id.
constexpr Query kUserById{
    "SELECT id, username, password, CASE WHEN is_active THEN 1 ELSE 0 END FROM auth_user "
    "WHERE id = CAST(:id AS bigint)",
    "n", "nssn"};

constexpr Query kSetLastLogin{
    "UPDATE auth_user SET last_login = :last_login WHERE id = CAST(:id AS bigint)", "sn", ""};

constexpr Query kIsBlacklisted{
    "SELECT 1 FROM token_blacklist_outstandingtoken o "
    "JOIN token_blacklist_blacklistedtoken b ON b.token_id = o.id WHERE o.jti = :jti",
    "s", "n"};

constexpr Query kInsertRotation{
    "INSERT INTO jwt_auth_rotation (old_jti, new_jti, successor, good_until) "
    "VALUES (:old_jti, :new_jti, :successor, :good_until) ON CONFLICT (old_jti) DO NOTHING",
    "sssn", ""};

// A successor that was revoked since must not be handed out again.
constexpr Query kSuccessor{
    "SELECT r.successor FROM jwt_auth_rotation r WHERE r.old_jti = :jti AND r.good_until > :now "
    "AND NOT EXISTS (SELECT 1 FROM token_blacklist_outstandingtoken o "
    "JOIN token_blacklist_blacklistedtoken b ON b.token_id = o.id WHERE o.jti = r.new_jti)",
    "sn", "s"};

constexpr Query kClient{
    "SELECT client_id, secret, scopes, CASE WHEN is_active THEN 1 ELSE 0 END FROM jwt_auth_client "
    "WHERE client_id = :client_id",
    "s", "sssn"};

std::optional<User> user_of(const Row* row) {
  if (row == nullptr) return std::nullopt;
  return User{(*row)[0].number, (*row)[1].text, (*row)[2].text, (*row)[3].number != 0};
}

}  // namespace

Store::Store(const DatabaseSettings& settings, std::shared_ptr<Silence> silence,
             HostAddresses addresses)
    : database_(std::make_unique<Database>(settings, std::move(silence), std::move(addresses))) {}

Store::Store(const DatabaseSettings& settings)
    : Store(settings, std::make_shared<Silence>(settings.timeout)) {}

Store::~Store() = default;

std::optional<User> Store::user_by_name(std::string_view username) {
  if (!is_storable(username)) return std::nullopt;
  return database_->read("user_by_name", [username](Connection& connection) {
    return user_of(connection.one(kUserByName, {username}));
  });
}

std::optional<User> Store::user_by_id(std::int64_t id) {
  return database_->read("user_by_id", [id](Connection& connection) {
    return user_of(connection.one(kUserById, {id}));
  });
}

void Store::set_last_login(std::int64_t user_id, Time when) {
  database_->write("set_last_login", [=](Connection& connection) {
    connection.run(kSetLastLogin, {time_text(when, connection.kind()), user_id});
  });
}

void Store::add_outstanding(const OutstandingToken& token) {
  database_->write("add_outstanding",
                   [&](Connection& connection) { insert_outstanding(connection, token); });
}

bool Store::is_blacklisted(std::string_view jti) {
  if (!is_storable(jti)) return false;
  return database_->read("is_blacklisted", [jti](Connection& connection) {
    return connection.one(kIsBlacklisted, {jti}) != nullptr;
  });
}

bool Store::blacklist(const OutstandingToken& token, Time when) {
  return database_->write("blacklist", [&](Connection& connection) {
    return insert_blacklisted(connection, token, when);
  });
}

Store::Rotation Store::rotate(const OutstandingToken& old_token, const OutstandingToken& new_token,
                              Time now, seconds grace) {
  return database_->write("rotate", [&](Connection& connection) {
    Rotation rotation;
    // The unique token_id decides: of parallel calls the later one waits here for the earlier.
    rotation.is_winner = insert_blacklisted(connection, old_token, now);
    if (rotation.is_winner) insert_outstanding(connection, new_token);
    if (grace <= seconds(0)) return rotation;
    if (!rotation.is_winner) {
      const Row* row = connection.one(kSuccessor, {old_token.jti, microseconds_of(now)});
      if (row != nullptr) rotation.successor = (*row)[0].text;
      return rotation;
    }
    purge_rotations(connection, now);
    connection.run(kInsertRotation,
                   {old_token.jti, new_token.jti, new_token.token, microseconds_of(now + grace)});
    return rotation;
  });
}

std::optional<Client> Store::client(std::string_view client_id) {
  if (!is_storable(client_id)) return std::nullopt;
  return database_->read("client", [client_id](Connection& connection) -> std::optional<Client> {
    const Row* row = connection.one(kClient, {client_id});
    if (row == nullptr) return std::nullopt;
    return Client{(*row)[0].text, (*row)[1].text, (*row)[2].text, (*row)[3].number != 0};
  });
}

}  // namespace jwt_auth
