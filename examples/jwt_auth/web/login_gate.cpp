#include "web/login_gate.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <utility>

namespace jwt_auth {
namespace {

/// At 0.3 s for a password, the last one waits for 10 s: about as long as a client does.
constexpr std::size_t kWaitingPerPlace = 32;

/// Nobody gets the answer any more. At a stop of the worker somebody still does.
bool is_abandoned(const alicorn::Request& request) {
  const std::int32_t reason = request.token().cancelled();
  return reason != 0 && reason != ALICORN_CANCEL_DRAIN;
}

}  // namespace

/// One of the places; given up, it is the next one's.
class LoginGate::Place {
 public:
  explicit Place(LoginGate& gate) : gate_(gate) {}
  ~Place() { gate_.pass_on(); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  LoginGate& gate_;
};

LoginGate::LoginGate(std::size_t threads, Work work)
    : places_(std::max<std::size_t>(threads, 2) - 1), work_(std::move(work)) {}

bool LoginGate::run(alicorn::Request& request) {
  {
    const std::lock_guard lock(mutex_);
    if (taken_ == places_) {
      if (waiting_.size() >= places_ * kWaitingPerPlace) return false;
      waiting_.push_back(request.defer().release());
      return true;
    }
    ++taken_;
  }
  const Place place(*this);
  work_unless_abandoned(request);
  return true;
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
      if (waiting_.empty()) {
        --taken_;
        return;
      }
      next = waiting_.front();
      waiting_.pop_front();
    }
    const auto work = [this](alicorn::Request* request) {
      const Place place(*this);
      if (request != nullptr) work_unless_abandoned(*request);
    };
    try {
      if (next.resume(work) == ALICORN_OK) return;
    } catch (const std::exception&) {
      next.complete(500, "text/plain", "Internal Server Error\n");
    }
  }
}

}  // namespace jwt_auth
