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

/// The operator's limit for a single address, if any; libpq applies it only in blocking calls.
Deadline limited(Deadline deadline, const PostgresqlOptions& options) {
  const auto given = options.find("connect_timeout");
  if (given == options.end()) return deadline;
  std::int32_t limit = 0;
  const std::string& text = given->second;
  std::from_chars(text.data(), text.data() + text.size(), limit);
  return limit > 0 ? deadline.or_earlier(Deadline::in(seconds(limit))) : deadline;
}

/// One entry for each address of a host name. On its own, libpq never moves on from a silent
/// address, and its look-up would block us.
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

/// Appends a fault to those of earlier places.
void add(Fault& all, Fault fault) {
  fault.text.insert(0, all.text.empty() ? "connect: " : all.text + "; ");
  // One host that answers proves nothing about the silent ones: the next request would wait again.
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
  // By default libpq prints notices to stderr.
  PQsetNoticeProcessor(
      connection, [](void*, const char*) {}, nullptr);
  auto next = PQstatus(connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING) {
    wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline);
    next = PQconnectPoll(connection);
  }
  // Without a connection there is no SQLSTATE. Everything that can go wrong here is repaired by an
  // operator or by time.
  if (next != PGRES_POLLING_OK) {
    throw QueryError(judge_postgresql("", true, PQerrorMessage(connection)));
  }
  // Keeps libpq from blocking on a full socket, or on PQfinish's goodbye message.
  if (PQsetnonblocking(connection, 1) != 0 || PQenterPipelineMode(connection) != 1) fail(nullptr);
}

OwnedResult PostgresqlLink::ask(const std::vector<PostgresqlMessage>& messages, Deadline deadline) {
  send(messages, deadline);
  OwnedResult last, failed;
  // Each message gives its result and then none; two times none in a row end the pipeline.
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
    // A server may send answers while we are still sending.
    wait(POLLIN | POLLOUT, deadline);
    if (PQconsumeInput(connection) != 1) fail(nullptr);
  }
}

void PostgresqlLink::await_result(const PGresult* failed, Deadline deadline) {
  while (PQisBusy(connection_.get()) != 0) {
    wait(POLLIN, deadline);
    // The server's last message says more than the fact that it closed the connection.
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
                  (is_connected ? " does not answer in time"
                                : " does not complete the connection in time"));
    }
  }
}

void PostgresqlLink::fail(const PGresult* result) const {
  const bool is_lost = PQstatus(connection_.get()) != CONNECTION_OK;
  const char* state = result != nullptr ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  // Only the primary line: the others are for people who see the statement.
  const char* text = result != nullptr ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : "";
  if (text == nullptr || *text == '\0') text = PQerrorMessage(connection_.get());
  throw QueryError(judge_postgresql(state != nullptr ? state : "", is_lost, text));
}

}  // namespace jwt_auth
