#include "store/database.hpp"
#include "store/purge.hpp"
#include "store/store.hpp"
#include "store/time_text.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include <openssl/evp.h>

namespace jwt_auth {
namespace {

// Attempts later than now come from before the clock was set back: they do not count.

constexpr Query kNthNewest{
    "SELECT tried_at FROM jwt_auth_login_attempt WHERE attempt_key = :key AND tried_at > :since "
    "AND tried_at <= :now ORDER BY tried_at DESC LIMIT 1 OFFSET :nth",
    "snnn", "n"};

constexpr Query kCount{
    "SELECT count(*) FROM (SELECT 1 FROM jwt_auth_login_attempt WHERE attempt_key = :key "
    "AND tried_at > :since AND tried_at <= :now LIMIT :most) AS counted",
    "snnn", "n"};

constexpr Query kInsert{
    "INSERT INTO jwt_auth_login_attempt (attempt_key, tried_at) VALUES (:key, :now)", "sn", ""};

constexpr Query kDeleteNewest{
    "DELETE FROM jwt_auth_login_attempt WHERE id = "
    "(SELECT max(id) FROM jwt_auth_login_attempt WHERE attempt_key = :key)",
    "s", ""};

constexpr Query kDeleteAll{"DELETE FROM jwt_auth_login_attempt WHERE attempt_key = :key", "s", ""};

// SQLite has only one writer anyway. The first number distinguishes these locks from others in the
// database: one for networks and one for names, so that everybody who takes both takes them in the
// same order. All parts of the widest network share its lock.
constexpr Query kLockNetwork{
    "SELECT 1 FROM pg_advisory_xact_lock(1785164133, hashtext(CAST(:key AS text)))", "s", "n"};
constexpr Query kLockName{
    "SELECT 1 FROM pg_advisory_xact_lock(1785164134, hashtext(CAST(:key AS text)))", "s", "n"};

/// How much more often a network may fail than a single name: a user who forgot their password
/// leaves some tries to others behind the same address.
std::int64_t network_surplus(Rate rate) {
  return std::max<std::uint32_t>(2, rate.count / 4);
}

/// A wider network may contain as many strangers as one IPv4 address behind a provider's
/// translator, or belong to a single subscriber. It may fail more often than one of its parts, but
/// less often than all of them together.
constexpr std::int64_t kOfTheNextWider = 4;

constexpr seconds kFirstDelay(2);
constexpr std::int64_t kDoublings = 3;  // 2, 4, 8, 16 s

/// Of fixed length, and unreadable: people type their password into the name field.
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

/// What an attempt is counted under: each key has its own count.
struct Keys {
  explicit Keys(const Attempt& attempt)
      : name(digest_of("name " + attempt.name)),
        both(digest_of("both " + attempt.networks.front() + ' ' + attempt.name)),
        ticket(digest_of("ticket " + attempt.networks.front() + ' ' + attempt.name)) {
    for (const std::string& network : attempt.networks) {
      networks.push_back(digest_of("network " + network));
    }
  }

  std::vector<std::string> networks;  ///< as in the attempt
  std::string name;
  std::string both;    ///< when this network last tried this name
  std::string ticket;  ///< when this network began to wait for its first try at this name
};

void lock(Connection& connection, const Keys& keys) {
  if (connection.is_sqlite()) return;
  connection.one(kLockNetwork, {keys.networks.back()});
  connection.one(kLockName, {keys.name});
}

/// The attempts at one moment, within a transaction.
class Ledger {
 public:
  Ledger(Connection& connection, const Keys& keys, Rate rate, Time now)
      : connection_(connection), keys_(keys), rate_(rate), now_(now) {}

  bool has_ticket() { return last(keys_.ticket).has_value(); }

  /// How long the network must wait: the longest wait among it and the wider networks around it.
  std::optional<seconds> network_wait() {
    std::optional<seconds> longest;
    std::int64_t allowed = std::int64_t{rate_.count} + network_surplus(rate_);
    for (const std::string& network : keys_.networks) {
      longest = std::max(longest, wait_of(network, allowed));
      allowed *= kOfTheNextWider;
    }
    return longest;
  }

  /// How long after its last try at the name, or after asking to, a network must wait.
  seconds name_delay() {
    const std::int64_t free = rate_.count;
    const std::int64_t since = microseconds_of(now_ - rate_.period);
    const Row* row =
        connection_.one(kCount, {keys_.name, since, microseconds_of(now_), free + kDoublings});
    const std::int64_t count = (*row)[0].number;
    return count < free ? seconds(0) : kFirstDelay * (1 << (count - free));
  }

  /// The time since this network last tried the name, or first asked to.
  std::optional<std::chrono::microseconds> waited() {
    const auto latest = std::max(last(keys_.both), last(keys_.ticket));
    return latest ? std::optional(now_ - *latest) : std::nullopt;
  }

  /// A ticket is a try that the network has paid for in advance.
  void give_ticket() {
    insert(keys_.ticket);
    insert_networks();
  }
  void take_try() {
    if (has_ticket()) {
      connection_.run(kDeleteAll, {keys_.ticket});
    } else {
      insert_networks();
    }
    insert(keys_.name);
    insert(keys_.both);
  }

 private:
  std::optional<seconds> wait_of(const std::string& network, std::int64_t allowed) {
    const std::int64_t since = microseconds_of(now_ - rate_.period);
    // This attempt must leave the window before another one may enter it.
    const Row* row =
        connection_.one(kNthNewest, {network, since, microseconds_of(now_), allowed - 1});
    if (row == nullptr) return std::nullopt;
    const std::chrono::microseconds left((*row)[0].number - since);
    return std::clamp(std::chrono::ceil<seconds>(left), seconds(1), rate_.period);
  }
  std::optional<Time> last(const std::string& key) {
    const Row* row = connection_.one(kNthNewest, {key, microseconds_of(now_ - remembered(rate_)),
                                                  microseconds_of(now_), std::int64_t{0}});
    if (row == nullptr) return std::nullopt;
    return Time(std::chrono::microseconds((*row)[0].number));
  }
  void insert(std::string_view key) { connection_.run(kInsert, {key, microseconds_of(now_)}); }
  void insert_networks() {
    for (const std::string& network : keys_.networks) insert(network);
  }

  Connection& connection_;
  const Keys& keys_;
  const Rate rate_;
  const Time now_;
};

}  // namespace

std::optional<AttemptWait> Store::reserve_attempt(const Attempt& attempt, Rate rate,
                                                  const std::function<Time()>& clock) {
  if (rate.count == 0) return std::nullopt;
  const Keys keys(attempt);
  return database_->write(
      "reserve_attempt", [&](Connection& connection) -> std::optional<AttemptWait> {
        lock(connection, keys);
        // Not earlier: a holder of the lock before us must not seem to have tried later than now.
        const Time now = clock();
        purge_attempts(connection, rate, now);
        Ledger ledger(connection, keys, rate, now);
        if (!ledger.has_ticket()) {
          if (const auto wait = ledger.network_wait())
            return AttemptWait{*wait, AttemptLimit::kNetwork};
        }
        if (const seconds delay = ledger.name_delay(); delay > seconds(0)) {
          const auto waited = ledger.waited();
          if (!waited) ledger.give_ticket();
          const auto left =
              std::chrono::ceil<seconds>(delay - waited.value_or(std::chrono::microseconds(0)));
          if (left > seconds(0)) return AttemptWait{left, AttemptLimit::kName};
        }
        ledger.take_try();
        return std::nullopt;
      });
}

void Store::forgive_attempt(const Attempt& attempt) {
  const Keys keys(attempt);
  database_->write("forgive_attempt", [&](Connection& connection) {
    lock(connection, keys);
    for (const std::string& network : keys.networks) connection.run(kDeleteNewest, {network});
    for (const std::string& key : {keys.name, keys.both}) connection.run(kDeleteNewest, {key});
  });
}

}  // namespace jwt_auth
