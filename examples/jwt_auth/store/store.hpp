// Everything that the service asks of its database, over one connection that is opened when needed
// and reopened after it broke. For one thread; each app thread has its own.
#pragma once

#include "settings/settings.hpp"
#include "store/host_addresses.hpp"
#include "store/records.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jwt_auth {

class Database;
class Silence;
struct Query;

/// A try at a password or a secret. The table stores only digests of these texts.
struct Attempt {
  /// The networks it comes from, the narrowest first, each within the next. At least one.
  std::vector<std::string> networks;
  std::string name;  ///< whose password it is for, with the kind: "user alice"
};

enum class AttemptLimit { kNetwork, kName };
struct AttemptWait {
  seconds time;
  AttemptLimit reached;
};

class Store {
 public:
  /// Does not connect yet: a database that is down must not keep the worker from starting.
  /// `silence` and `addresses` are shared by all stores of a process.
  Store(const DatabaseSettings& settings, std::shared_ptr<Silence> silence,
        HostAddresses addresses = HostAddresses());
  /// For the only store of its process.
  explicit Store(const DatabaseSettings& settings);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Every call below throws StoreUnavailable.

  std::optional<User> user_by_name(std::string_view username);
  std::optional<User> user_by_id(std::int64_t id);
  using Steady = std::chrono::steady_clock;
  /// An encoded password of the kind that most users have, to verify for unknown names: an existing
  /// one, looked up every few minutes, or one with `iterations` if there is no user yet.
  const std::string& typical_password(std::uint32_t iterations, Steady::time_point now);
  /// The same for clients' secrets: most are random and cost almost nothing to verify.
  const std::string& typical_secret(Steady::time_point now);
  void set_last_login(std::int64_t user_id, Time when);

  void add_outstanding(const OutstandingToken& token);
  bool is_blacklisted(std::string_view jti);
  /// Lists the token as outstanding if it is not listed. False: it was already blacklisted.
  bool blacklist(const OutstandingToken& token, Time when);

  struct Rotation {
    bool is_winner = false;
    /// For a loser within the grace period: the winner's new token.
    std::optional<std::string> successor;
  };
  /// In one transaction the old token becomes blacklisted and the new one outstanding. Of any
  /// number of parallel calls with the same old token exactly one wins, on any worker. `grace`: how
  /// long losers are given the winner's token; zero stores nothing for them.
  Rotation rotate(const OutstandingToken& old_token, const OutstandingToken& new_token, Time now,
                  seconds grace);

  std::optional<Client> client(std::string_view client_id);

  /// Counts an attempt before it is made, so that parallel attempts cannot slip through together.
  /// Nullopt: go on. The narrowest network may fail `rate` plus a quarter, at least two more, over
  /// all names; each wider one four times as often as the one within it. Once a name has failed
  /// `rate`, a (narrowest) network must wait since its own last try, or since it first asked to: 2
  /// s, doubling with each failure up to 16 s. So nobody can lock a name out from elsewhere.
  /// `clock` is called when earlier attempts are known.
  std::optional<AttemptWait> reserve_attempt(const Attempt& attempt, Rate rate,
                                             const std::function<Time()>& clock);
  /// The attempt succeeded: it does not count.
  void forgive_attempt(const Attempt& attempt);

 private:
  struct Typical {
    std::string encoded;
    std::optional<Steady::time_point> found_at{};  ///< from a row, not made up
  };
  const std::string& typical(std::string_view operation, const Query& query, Typical& kept,
                             std::uint32_t iterations, Steady::time_point now);

  std::unique_ptr<Database> database_;
  Typical typical_password_, typical_secret_;
};

}  // namespace jwt_auth
