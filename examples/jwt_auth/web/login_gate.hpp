// Keeps password checks, which take a core for 0.1 to 0.5 s each, from taking all of the worker's
// threads: a token is verified in microseconds and must not wait for them. It also keeps one client
// from holding all places. One per worker, on any app thread.
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

  /// `threads`: the worker's. All but one may check passwords; if there is only one, it may, too.
  /// `refuse`: answers a login that would wait too long because many others wait.
  LoginGate(std::size_t threads, Work work, Work refuse);

  /// Works now, or defers the request and works when earlier ones are done, by turns for each
  /// network; never for a client that has left by then.
  void run(alicorn::Request& request);

 private:
  class Place;
  void pass_on() noexcept;
  void refuse_later(alicorn::RequestToken login) const noexcept;
  /// False: the function does not run. A client that waits for the login then has an answer.
  template <class Function>
  static bool resume(alicorn::RequestToken login, Function function) noexcept;
  /// Throws CallFailure, which ends the request without an answer.
  void work_unless_abandoned(alicorn::Request& request) const;

  const std::size_t places_;
  const Work work_, refuse_;
  std::mutex mutex_;
  std::size_t taken_ = 0;
  LoginQueue<alicorn::RequestToken> waiting_;
};

}  // namespace jwt_auth
