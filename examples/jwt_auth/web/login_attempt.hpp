// One try at a password or a client's secret, as login_rate counts it. On an app thread.
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

/// `login_rate` is set, and nobody says who asks: whoever failed would lock out everybody.
class AddressUnknown : public std::exception {
 public:
  const char* what() const noexcept override { return "the client's address is unknown"; }
};

/// What a worker says once about the limits' use, and what strangers can make it say at any rate.
struct LoginNotices {
  std::atomic<bool> unknown_address{false}, loopback{false};
  LineLimit refused, throttled, unavailable;
};

class LoginAttempt {
 public:
  /// `kind`: users and clients may have the same names.
  LoginAttempt(Context& context, std::string_view kind, std::string_view name);

  /// Counts it, before it is made. How long to wait where there is none left; nullopt: go on.
  /// Throws AddressUnknown.
  std::optional<seconds> begin();
  /// It was right, and does not count.
  void succeed();

 private:
  Context& context_;
  Attempt attempt_;
};

}  // namespace jwt_auth
