#include "store/postgresql_link.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>
#include <new>

#include <poll.h>

namespace jwt_auth {
namespace {

[[noreturn]] void fail_silent(const std::string& what) {
  throw QueryError({Fault::Kind::kSilent, what + " (database.timeout)"});
}

/// What the operator allows a single address, where he says so; libpq reads it in calls that wait.
Deadline limited(Deadline deadline, const PostgresqlOptions& options) {
  const auto given = options.find("connect_timeout");
  if (given == options.end()) return deadline;
  std::int32_t limit = 0;
  const std::string& text = given->second;
  std::from_chars(text.data(), text.data() + text.size(), limit);
  return limit > 0 ? deadline.or_earlier(Deadline::in(seconds(limit))) : deadline;
}

/// One for each address, where the host has a name: by itself libpq leaves no address that is
/// silent, and looks the name up while we wait.
std::vector<PostgresqlOptions> by_address(const PostgresqlOptions& host,
                                          const HostAddresses& addresses, Deadline deadline) {
  const std::string name = name_to_look_up(host);
  if (name.empty()) return {host};
  std::vector<PostgresqlOptions> places;
  for (const std::string& address : addresses.of(name, deadline)) {
    places.emplace_back(host)["hostaddr"] = address;
  }
  return places;
}

/// To what went wrong elsewhere before.
void add(Fault& all, Fault fault) {
  fault.text.insert(0, all.text.empty() ? "connect: " : all.text + "; ");
  // One that answers proves nothing of the others: the next request would wait for them again.
  if (all.kind == Fault::Kind::kSilent) fault.kind = Fault::Kind::kSilent;
  all = std::move(fault);
}

std::string place_of(PGconn* connection) {
  const char* host = PQhost(connection);
  const char* address = PQhostaddr(connection);
  const char* port = PQport(connection);
  std::string place = host != nullptr ? host : "";
  if (address != nullptr && *address != '\0' && place != address) {
    place.append(" (").append(address).append(")");
  }
  if (port != nullptr && *port != '\0') place.append(" port ").append(port);
  return place;
}

}  // namespace

PostgresqlLink::PostgresqlLink(const std::vector<PostgresqlOptions>& hosts,
                               const HostAddresses& addresses, Deadline deadline) {
  Fault fault;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const auto share = deadline.left() / static_cast<std::int64_t>(hosts.size() - i);
    if (try_host(hosts[i], addresses, Deadline::in(share), fault)) return;
  }
  throw QueryError(std::move(fault));
}

bool PostgresqlLink::try_host(const PostgresqlOptions& host, const HostAddresses& addresses,
                              Deadline deadline, Fault& fault) {
  std::vector<PostgresqlOptions> places;
  try {
    places = by_address(host, addresses, deadline);
  } catch (const QueryError& error) {
    add(fault, error.fault());
  }
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto share = deadline.left() / static_cast<std::int64_t>(places.size() - i);
    try {
      connect(places[i], limited(Deadline::in(share), places[i]));
      return true;
    } catch (const QueryError& error) {
      add(fault, error.fault());
    }
  }
  return false;
}

void PostgresqlLink::connect(const PostgresqlOptions& options, Deadline deadline) {
  const LibpqArguments arguments(options);
  connection_.reset(PQconnectStartParams(arguments.keywords(), arguments.values(), 0));
  if (!connection_) throw std::bad_alloc();
  PGconn* connection = connection_.get();
  // By default libpq writes to stderr.
  PQsetNoticeProcessor(
      connection, [](void*, const char*) {}, nullptr);
  auto next = PQstatus(connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING) {
    wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline);
    next = PQconnectPoll(connection);
  }
  // Without connection there is no SQLSTATE. Of all that can be wrong here, an operator's hand or
  // time mends it.
  if (next != PGRES_POLLING_OK) {
    throw QueryError(judge_postgresql("", true, PQerrorMessage(connection)));
  }
  // So that neither a full socket nor the farewell of PQfinish makes libpq wait by itself.
  if (PQsetnonblocking(connection, 1) != 0 || PQenterPipelineMode(connection) != 1) fail(nullptr);
}

OwnedResult PostgresqlLink::ask(const std::vector<PostgresqlMessage>& messages, Deadline deadline) {
  send(messages, deadline);
  OwnedResult last, failed;
  // Each message has its result and then none; two times none is the end of the connection.
  for (int nothing = 0; nothing < 2;) {
    await_result(failed.get(), deadline);
    OwnedResult result(PQgetResult(connection_.get()));
    if (!result) {
      ++nothing;
      continue;
    }
    nothing = 0;
    switch (PQresultStatus(result.get())) {
      case PGRES_PIPELINE_SYNC:
        if (failed) fail(failed.get());
        return last;
      case PGRES_PIPELINE_ABORTED:
        break;
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
        last = std::move(result);
        break;
      default:
        if (!failed) failed = std::move(result);
    }
  }
  fail(failed.get());
}

void PostgresqlLink::send(const std::vector<PostgresqlMessage>& messages, Deadline deadline) {
  PGconn* connection = connection_.get();
  for (const PostgresqlMessage& message : messages) {
    if (PQsendQueryParams(connection, message.sql, static_cast<int>(message.values.size()), nullptr,
                          message.values.data(), nullptr, nullptr, 0) != 1) {
      fail(nullptr);
    }
  }
  if (PQpipelineSync(connection) != 1) fail(nullptr);
  for (int unsent = PQflush(connection); unsent != 0; unsent = PQflush(connection)) {
    if (unsent < 0) fail(nullptr);
    // A server may wait with its answers in the midst of what we send.
    wait(POLLIN | POLLOUT, deadline);
    if (PQconsumeInput(connection) != 1) fail(nullptr);
  }
}

void PostgresqlLink::await_result(const PGresult* failed, Deadline deadline) {
  while (PQisBusy(connection_.get()) != 0) {
    wait(POLLIN, deadline);
    // What the other side said before it closed the connection says more than that it did.
    if (PQconsumeInput(connection_.get()) != 1) fail(failed);
  }
}

void PostgresqlLink::wait(short events, Deadline deadline) const {
  constexpr std::int64_t kLongest = std::numeric_limits<int>::max();
  pollfd socket{PQsocket(connection_.get()), events, 0};
  for (;;) {
    const auto left = deadline.left();
    const int ready = ::poll(&socket, 1, static_cast<int>(std::min(left.count(), kLongest)));
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) {
      throw QueryError(judge_postgresql("", true, "poll failed"));
    }
    if (left == milliseconds(0)) {
      const bool is_connected = PQstatus(connection_.get()) == CONNECTION_OK;
      fail_silent("PostgreSQL at " + place_of(connection_.get()) +
                  (is_connected ? " does not answer in time" : " does not let us in in time"));
    }
  }
}

void PostgresqlLink::fail(const PGresult* result) const {
  const bool is_lost = PQstatus(connection_.get()) != CONNECTION_OK;
  const char* state = result != nullptr ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  // The primary line: further ones are for people who see the statement.
  const char* text = result != nullptr ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : "";
  if (text == nullptr || *text == '\0') text = PQerrorMessage(connection_.get());
  throw QueryError(judge_postgresql(state != nullptr ? state : "", is_lost, text));
}

}  // namespace jwt_auth
