// The service as an Alicorn app: one object per worker, one database connection per app thread.
#pragma once

#include "store/host_addresses.hpp"
#include "store/silence.hpp"
#include "web/context.hpp"
#include "web/login_attempt.hpp"
#include "web/login_gate.hpp"
#include "web/reply.hpp"

#include <memory>
#include <string_view>
#include <vector>

#include <alicorn/app.hpp>

namespace jwt_auth {

class Service {
 public:
  static constexpr std::string_view kName = "jwt_auth", kVersion = "1.0";

  /// Reads the settings and the keys. Throws SettingsError: the worker does not start.
  Service(alicorn::Host host, const alicorn_worker& worker);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  struct Thread {
    Thread(Service& service, std::uint32_t index);
    Store store;
  };

  void on_request(alicorn::Request& request);

 private:
  struct Route;
  const Route* find_route(std::string_view path) const;
  /// Finds the route for any spelling of its path.
  const Route* route_of(const alicorn::Request& request) const;
  /// Answers a request completely.
  void serve(const Route& route, alicorn::Request& request) const;
  /// Refuses a login that would wait too long behind others.
  void refuse_login(alicorn::Request& request) const;
  Reply not_found(const alicorn::Request& request) const;
  Reply answer(const Route& route, Context& context) const;

  Settings settings_;
  std::shared_ptr<Silence> silence_;
  HostAddresses addresses_;
  TokenService tokens_;
  std::vector<Route> routes_;
  mutable LoginNotices notices_;
  LoginGate logins_;
};

}  // namespace jwt_auth
