// What a view works with: the request, the thread's database connection, and what all threads of
// the worker share. Lives for one request, on its app thread.
#pragma once

#include "settings/settings.hpp"
#include "store/store.hpp"
#include "tokens/token.hpp"

#include <alicorn/app.hpp>

namespace jwt_auth {

struct LoginNotices;

struct Context {
  alicorn::Request& request;
  const Settings& settings;
  const TokenService& tokens;
  Store& store;
  LoginNotices& notices;
  Clock::time_point now;
};

inline Time stored_time(Clock::time_point time) {
  return std::chrono::time_point_cast<std::chrono::microseconds>(time);
}

}  // namespace jwt_auth
