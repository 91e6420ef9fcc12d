#include "store/postgresql_options.hpp"

#include <array>
#include <memory>
#include <new>
#include <stdexcept>
#include <string_view>

#include <arpa/inet.h>
#include <libpq-fe.h>

namespace jwt_auth {
namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using OwnedOptions = std::unique_ptr<PQconninfoOption, FreeOptions>;

void add(PostgresqlOptions& options, const OwnedOptions& given) {
  for (const PQconninfoOption* option = given.get(); option->keyword != nullptr; ++option) {
    // To libpq an empty value is the same as none.
    if (option->val != nullptr && *option->val != '\0') options[option->keyword] = option->val;
  }
}

struct FinishConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};

/// Adds where to connect if the string does not say so: from the environment or a service file.
/// libpq adds all other options itself when it connects.
void add_places(PostgresqlOptions& options) {
  PostgresqlOptions wrong = options;
  // PQconndefaults ignores a service named in the string. A connection does not, even one that
  // cannot begin: the invalid option is rejected after all options are known and before anything is
  // looked up.
  wrong["channel_binding"] = "none that there is";
  const LibpqArguments arguments(wrong);
  const std::unique_ptr<PGconn, FinishConnection> connection(
      PQconnectStartParams(arguments.keywords(), arguments.values(), 0));
  const OwnedOptions known(connection ? PQconninfo(connection.get()) : nullptr);
  if (!known) throw std::bad_alloc();
  PostgresqlOptions all;
  add(all, known);
  for (const char* keyword :
       {"host", "hostaddr", "port", "target_session_attrs", "connect_timeout"}) {
    if (const auto found = all.find(keyword); found != all.end()) options.insert(*found);
  }
}

/// The operator's options, in the string or where libpq looks, and our defaults for the rest.
PostgresqlOptions options_of(const DatabaseSettings& settings) {
  const std::string timeout = std::to_string(settings.timeout.count());
  PostgresqlOptions options{
      {"fallback_application_name", "jwt_auth"},
      {"client_encoding", "UTF8"},
      // For a server that vanishes silently while nobody waits for it.
      {"tcp_user_timeout", std::to_string(settings.timeout.count() * 1000)},
      {"keepalives_idle", timeout},
      {"keepalives_interval", "1"},
      {"keepalives_count", "3"},
  };
  const OwnedOptions given(PQconninfoParse(settings.connection.c_str(), nullptr));
  // libpq's message would quote the string, password included.
  if (!given) throw std::runtime_error("the database's connection string cannot be read");
  add(options, given);
  add_places(options);
  return options;
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> items;
  for (std::size_t comma = 0; comma != std::string_view::npos;) {
    comma = list.find(',');
    items.emplace_back(list.substr(0, comma));
    if (comma != std::string_view::npos) list.remove_prefix(comma + 1);
  }
  return items;
}

/// One entry for each host in the list.
std::vector<PostgresqlOptions> by_host(const PostgresqlOptions& options) {
  const auto list_of = [&](const char* keyword) {
    const auto found = options.find(keyword);
    return found == options.end() ? std::vector<std::string>() : split(found->second);
  };
  const auto hosts = list_of("host"), addresses = list_of("hostaddr"), ports = list_of("port");
  const std::size_t count = std::max(hosts.size(), addresses.size());
  const auto fits = [&](const std::vector<std::string>& items) {
    return items.empty() || items.size() == count;
  };
  // Lists of unequal lengths are left to libpq, which reports the mistake.
  if (count < 2 || !fits(hosts) || !fits(addresses) || !(fits(ports) || ports.size() == 1)) {
    return {options};
  }
  std::vector<PostgresqlOptions> all;
  for (std::size_t i = 0; i < count; ++i) {
    PostgresqlOptions& one = all.emplace_back(options);
    if (!hosts.empty()) one["host"] = hosts[i];
    if (!addresses.empty()) one["hostaddr"] = addresses[i];
    if (ports.size() > 1) one["port"] = ports[i];
  }
  return all;
}

}  // namespace

LibpqArguments::LibpqArguments(const PostgresqlOptions& options) {
  for (const auto& [keyword, value] : options) {
    keywords_.push_back(keyword.c_str());
    values_.push_back(value.c_str());
  }
  keywords_.push_back(nullptr);
  values_.push_back(nullptr);
}

std::string name_to_look_up(const PostgresqlOptions& options) {
  const auto host = options.find("host");
  if (host == options.end() || host->second.empty()) return "";
  const auto address = options.find("hostaddr");
  if (address != options.end() && !address->second.empty()) return "";
  const std::string& name = host->second;
  std::array<unsigned char, sizeof(in6_addr)> parsed{};
  const bool is_address = ::inet_pton(AF_INET, name.c_str(), parsed.data()) == 1 ||
                          ::inet_pton(AF_INET6, name.c_str(), parsed.data()) == 1;
  const bool is_socket = name.front() == '/' || name.front() == '@';
  const bool is_list = name.find(',') != std::string::npos;
  return is_address || is_socket || is_list ? "" : name;
}

std::vector<PostgresqlOptions> postgresql_attempts(const DatabaseSettings& settings) {
  const PostgresqlOptions options = options_of(settings);
  std::vector<PostgresqlOptions> attempts = by_host(options);
  constexpr const char* kWanted = "target_session_attrs";
  const auto wanted = options.find(kWanted);
  if (wanted == options.end() || wanted->second != "prefer-standby") return attempts;
  // libpq itself applies the preference among addresses that it looks up.
  if (attempts.size() == 1 && name_to_look_up(attempts.front()).empty()) return attempts;
  // A preference applies to all hosts: first every host is asked whether it is a standby.
  std::vector<PostgresqlOptions> any = attempts;
  for (PostgresqlOptions& attempt : attempts) attempt[kWanted] = "standby";
  for (PostgresqlOptions& attempt : any) attempt[kWanted] = "any";
  attempts.insert(attempts.end(), any.begin(), any.end());
  return attempts;
}

}  // namespace jwt_auth
