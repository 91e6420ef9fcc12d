// A libpq connection on which every wait has a deadline that we keep. libpq's own blocking calls
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

/// A statement and its parameters, as text; a nullptr is NULL.
struct PostgresqlMessage {
  const char* sql = nullptr;
  std::vector<const char*> values{};
};

/// Every function throws QueryError.
class PostgresqlLink {
 public:
  /// Tries the hosts in turn, each with its share of the time, and the addresses of each host in
  /// turn.
  PostgresqlLink(const std::vector<PostgresqlOptions>& hosts, const HostAddresses& addresses,
                 Deadline deadline);

  /// Sends all messages in one round trip and returns the result of the last one. Statements have
  /// no names: behind a pooler the next one may reach another server. After a failed message, later
  /// ones do not run.
  OwnedResult ask(const std::vector<PostgresqlMessage>& messages, Deadline deadline);

 private:
  struct Close {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  /// False: `fault` then includes the reason.
  bool try_host(const PostgresqlOptions& host, const HostAddresses& addresses, Deadline deadline,
                Fault& fault);
  void connect(const PostgresqlOptions& options, Deadline deadline);
  void send(const std::vector<PostgresqlMessage>& messages, Deadline deadline);
  void wait(short events, Deadline deadline) const;
  /// `failed`: the error that has already arrived, or nullptr.
  void await_result(const PGresult* failed, Deadline deadline);
  [[noreturn]] void fail(const PGresult* result) const;

  std::unique_ptr<PGconn, Close> connection_;
};

}  // namespace jwt_auth
