#include "store/postgresql_options.hpp"

#include <memory>
#include <stdexcept>
#include <string_view>

#include <libpq-fe.h>

namespace jwt_auth {
namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using OwnedOptions = std::unique_ptr<PQconninfoOption, FreeOptions>;

void add(PostgresqlOptions& options, const OwnedOptions& given) {
  for (const PQconninfoOption* option = given.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) options[option->keyword] = option->val;
  }
}

/// What the operator wrote, and our defaults for what he did not.
PostgresqlOptions options_of(const DatabaseSettings& settings) {
  const std::string timeout = std::to_string(settings.timeout.count());
  PostgresqlOptions options{
      {"fallback_application_name", "jwt_auth"},
      {"client_encoding", "UTF8"},
      // A server that vanishes without a word while nobody waits for it.
      {"tcp_user_timeout", std::to_string(settings.timeout.count() * 1000)},
      {"keepalives_idle", timeout},
      {"keepalives_interval", "1"},
      {"keepalives_count", "3"},
  };
  const OwnedOptions given(PQconninfoParse(settings.connection.c_str(), nullptr));
  // libpq's message would quote it, and the password with it.
  if (!given) throw std::runtime_error("the database's connection string cannot be read");
  add(options, given);
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

/// One for each host of the list.
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
  // Lists that do not fit each other are left to libpq, which says what is wrong.
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

std::vector<PostgresqlOptions> postgresql_attempts(const DatabaseSettings& settings) {
  const PostgresqlOptions options = options_of(settings);
  std::vector<PostgresqlOptions> attempts = by_host(options);
  constexpr const char* kWanted = "target_session_attrs";
  const auto wanted = options.find(kWanted);
  if (wanted == options.end() || wanted->second != "prefer-standby" || attempts.size() < 2) {
    return attempts;
  }
  // A preference is one among all hosts: each is asked whether it is a standby first.
  std::vector<PostgresqlOptions> any = attempts;
  for (PostgresqlOptions& attempt : attempts) attempt[kWanted] = "standby";
  for (PostgresqlOptions& attempt : any) attempt[kWanted] = "any";
  attempts.insert(attempts.end(), any.begin(), any.end());
  return attempts;
}

}  // namespace jwt_auth
