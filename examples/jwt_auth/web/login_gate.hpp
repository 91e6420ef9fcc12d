// Keeps the requests that check a password, which takes a core for 0.1 to 0.5 s each, from taking
// all of the worker's threads: a token is verified in microseconds, and must not wait for them. Nor
// can one client keep the places from all others. One per worker, on any app thread.
#pragma once

#include "web/login_queue.hpp"

#include <cstddef>
#include <functional>
#include <mutex>

#include <alicorn/app.hpp>

namespace jwt_auth {

class LoginGate {
 public:
  using Work = std::function<void(alicorn::Request&)>;

  /// `threads`: of the worker. All but one may check passwords, and the only one may, too.
  /// `refuse`: for one that would wait too long, because so many do.
  LoginGate(std::size_t threads, Work work, Work refuse);

  /// Works now, or defers the request and works when earlier ones are through, by turns for each
  /// network; never for a client that has left by then.
  void run(alicorn::Request& request);

 private:
  class Place;
  void pass_on() noexcept;
  void refuse_later(alicorn::RequestToken login) const noexcept;
  /// False: it does not run. Whoever waits for the login then has an answer.
  template <class Function>
  static bool resume(alicorn::RequestToken login, Function function) noexcept;
  /// Throws CallFailure, which ends the request without a word.
  void work_unless_abandoned(alicorn::Request& request) const;

  const std::size_t places_;
  const Work work_, refuse_;
  std::mutex mutex_;
  std::size_t taken_ = 0;
  LoginQueue<alicorn::RequestToken> waiting_;
};

}  // namespace jwt_auth
