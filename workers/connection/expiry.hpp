// What happens to a request in the app's hands when one of its times is over: which answer its
// client gets, and what the app is told. Decides without acting. Worker, I/O thread.
#pragma once

#include "alicorn/app.h"
#include "workers/log/cut_reason.hpp"

#include <cstdint>
#include <string_view>

namespace alicorn {

inline constexpr std::string_view kEveryThreadHangs = "every thread hangs in the app";

/// The situation.
struct ExpiryFacts {
  bool is_silent;            ///< the callback shows no sign of life
  bool has_started;          ///< it has had a thread
  bool app_is_finished;      ///< the rest of the answer waits only for the client
  bool response_is_done;     ///< nothing more will be queued
  bool nobody_will_run_it;   ///< no thread will become free, here or elsewhere
  bool worker_leaves;        ///< and the time for open requests is over
  bool body_is_late;         ///< the client does not send what it owes
  bool deadline_has_passed;  ///< request_timeout's, or the app's own
};

struct Expiry {
  int status = 0;  ///< for the client, if nothing has left yet; 0: nothing happens
  CutReason cut = CutReason::kNone;  ///< if part of the answer has left
  std::int32_t cancel = 0;           ///< ALICORN_CANCEL_..., for the app
  std::string_view refusal{};        ///< for the log line, if this is a refusal
  bool ends_body = false;            ///< no more of the body will come
  bool is_reported = false;          ///< logged as a request that passed its deadline
};

/// The client is told of the first of these that holds.
inline Expiry judge_expiry(const ExpiryFacts& facts) {
  if (facts.is_silent) {
    if (facts.response_is_done || facts.app_is_finished) return {};
    return {.status = 504, .cut = CutReason::kTimeout, .cancel = ALICORN_CANCEL_DEADLINE};
  }
  if (!facts.has_started && facts.nobody_will_run_it) {
    return {.status = 503,
            .cut = CutReason::kTimeout,
            .cancel = ALICORN_CANCEL_DEADLINE,
            .refusal = kEveryThreadHangs};
  }
  if (facts.worker_leaves) {
    if (facts.response_is_done) return {};
    return {.status = 503,
            .cut = CutReason::kGracefulTimeout,
            .cancel = ALICORN_CANCEL_DEADLINE,
            .refusal = "graceful_timeout",
            .ends_body = true};
  }
  if (facts.body_is_late) {
    return {.status = 408,
            .cut = CutReason::kRequest,
            .cancel = ALICORN_CANCEL_CLIENT_GONE,
            .refusal = "body_timeout or body_min_rate",
            .ends_body = true};
  }
  if (!facts.deadline_has_passed || facts.app_is_finished) return {};
  return {.status = facts.has_started ? 504 : 503,
          .cut = CutReason::kRequestTimeout,
          .cancel = ALICORN_CANCEL_DEADLINE,
          .is_reported = true};
}

}  // namespace alicorn
