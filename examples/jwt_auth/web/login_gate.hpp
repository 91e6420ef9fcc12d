// Keeps the requests that check a password, which takes a core for 0.1 to 0.5 s each, from taking
// all of the worker's threads: a token is verified in microseconds, and must not wait for them. One
// per worker, on any app thread.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

#include <alicorn/app.hpp>

namespace jwt_auth {

class LoginGate {
 public:
  using Work = std::function<void(alicorn::Request&)>;

  /// `threads`: of the worker. All but one may check passwords, and the only one may, too.
  LoginGate(std::size_t threads, Work work);

  /// Works now, or defers the request and works when an earlier one is through, in their order;
  /// never for a client that has left by then. False: so many are waiting that this one would wait
  /// too long.
  bool run(alicorn::Request& request);

 private:
  class Place;
  void pass_on() noexcept;
  /// Throws CallFailure, which ends the request without a word.
  void work_unless_abandoned(alicorn::Request& request) const;

  const std::size_t places_;
  const Work work_;
  std::mutex mutex_;
  std::size_t taken_ = 0;
  std::deque<alicorn::RequestToken> waiting_;
};

}  // namespace jwt_auth
