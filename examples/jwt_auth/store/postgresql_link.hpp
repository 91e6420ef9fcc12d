// A connection of libpq of which every wait has an end that we keep: libpq's own calls that wait
// (PQconnectdb, PQexec, PQcancel) trust the other side, which may be stopped, or gone behind a
// proxy. For one thread.
#pragma once

#include "store/deadline.hpp"
#include "store/fault.hpp"
#include "store/host_addresses.hpp"
#include "store/postgresql_options.hpp"

#include <memory>
#include <string>
#include <vector>

#include <libpq-fe.h>

namespace jwt_auth {

struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using OwnedResult = std::unique_ptr<PGresult, FreeResult>;

/// A statement and its parameters, as text; nullptr is NULL.
struct PostgresqlMessage {
  const char* sql = nullptr;
  std::vector<const char*> values{};
};

/// Functions throw QueryError.
class PostgresqlLink {
 public:
  /// Tries one after the other, each with its share of the time, and of each host one address
  /// after the other.
  PostgresqlLink(const std::vector<PostgresqlOptions>& hosts, const HostAddresses& addresses,
                 Deadline deadline);

  /// Sends all and returns the result of the last one, in one journey there and back. No statement
  /// has a name: behind a pooler the next one may meet another server. If one fails the later ones
  /// are not run.
  OwnedResult ask(const std::vector<PostgresqlMessage>& messages, Deadline deadline);

 private:
  struct Close {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  /// False: `fault` says why not, too.
  bool try_host(const PostgresqlOptions& host, const HostAddresses& addresses, Deadline deadline,
                Fault& fault);
  void connect(const PostgresqlOptions& options, Deadline deadline);
  void send(const std::vector<PostgresqlMessage>& messages, Deadline deadline);
  void wait(short events, Deadline deadline) const;
  /// `failed`: what has already come of an error, or nullptr.
  void await_result(const PGresult* failed, Deadline deadline);
  [[noreturn]] void fail(const PGresult* result) const;

  std::unique_ptr<PGconn, Close> connection_;
};

}  // namespace jwt_auth
