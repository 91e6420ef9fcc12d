#include "web/login_gate.hpp"

#include "web/networks.hpp"

#include <algorithm>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

namespace jwt_auth {
namespace {

/// At 0.3 s per password, the last login waits 10 s: about as long as a client does.
constexpr std::size_t kWaitingPerPlace = 32;

/// Nobody receives the answer any more. During a drain the client still does.
bool is_abandoned(const alicorn::Request& request) {
  const std::int32_t reason = request.token().cancelled();
  return reason != 0 && reason != ALICORN_CANCEL_DRAIN;
}

}  // namespace

/// Holds one of the places; the destructor passes it to the next login.
class LoginGate::Place {
 public:
  explicit Place(LoginGate& gate) : gate_(gate) {}
  ~Place() { gate_.pass_on(); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  LoginGate& gate_;
};

LoginGate::LoginGate(std::size_t threads, Work work, Work refuse)
    : places_(std::max<std::size_t>(threads, 2) - 1),
      work_(std::move(work)),
      refuse_(std::move(refuse)),
      waiting_(places_ * kWaitingPerPlace) {}

void LoginGate::run(alicorn::Request& request) {
  const auto networks = networks_of(request.client_address());
  {
    std::unique_lock lock(mutex_);
    if (taken_ == places_) {
      auto joined = waiting_.join(networks, [&] { return request.defer().release(); });
      lock.unlock();
      if (joined.displaced) refuse_later(*joined.displaced);
      if (!joined.has_place) refuse_(request);
      return;
    }
    ++taken_;
  }
  const Place place(*this);
  work_unless_abandoned(request);
}

void LoginGate::refuse_later(alicorn::RequestToken login) const noexcept {
  const auto refuse = [this](alicorn::Request* request) {
    if (request != nullptr) refuse_(*request);
  };
  resume(login, refuse);
}

template <class Function>
bool LoginGate::resume(alicorn::RequestToken login, Function function) noexcept {
  std::int32_t result = ALICORN_ERROR_MEMORY;
  try {
    result = login.resume(function);
  } catch (const std::bad_alloc&) {
    // Treated as if the host had reported it.
  }
  if (result != ALICORN_OK && result != ALICORN_ERROR_GONE) {
    login.complete(503, {{"content-type", "text/plain"}, {"retry-after", "1"}},
                   alicorn::Data::forever("Service Unavailable\n"));
  }
  return result == ALICORN_OK;
}

void LoginGate::work_unless_abandoned(alicorn::Request& request) const {
  if (is_abandoned(request)) throw alicorn::CallFailure("a login", ALICORN_ERROR_GONE);
  work_(request);
}

void LoginGate::pass_on() noexcept {
  while (true) {
    alicorn::RequestToken next;
    {
      const std::lock_guard lock(mutex_);
      const auto waiting = waiting_.take();
      if (!waiting) {
        --taken_;
        return;
      }
      next = *waiting;
    }
    const auto work = [this](alicorn::Request* request) {
      const Place place(*this);
      if (request != nullptr) work_unless_abandoned(*request);
    };
    if (resume(next, work)) return;
  }
}

}  // namespace jwt_auth
