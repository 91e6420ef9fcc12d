// A try at a password or a client's secret, counted against login_rate. On an app thread.
#pragma once

#include "store/store.hpp"
#include "web/context.hpp"
#include "web/line_limit.hpp"

#include <atomic>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace jwt_auth {

/// `login_rate` is set, but the client is unknown: one client that fails would lock out everybody.
class AddressUnknown : public std::exception {
 public:
  const char* what() const noexcept override { return "the client's address is unknown"; }
};

/// What a worker logs once about these limits, and what strangers can make it log at any rate.
struct LoginNotices {
  std::atomic<bool> unknown_address{false}, loopback{false};
  LineLimit refused, throttled, unavailable;
};

class LoginAttempt {
 public:
  /// `kind`: a user and a client may have the same name.
  LoginAttempt(Context& context, std::string_view kind, std::string_view name);

  /// Counts the attempt before it is made. Returns how long to wait if none is left; nullopt: go
  /// on. Throws AddressUnknown.
  std::optional<seconds> begin();
  /// The attempt was right: it does not count.
  void succeed();

 private:
  Context& context_;
  Attempt attempt_;
};

}  // namespace jwt_auth
