// What all calls of a worker work with: the app, its states, and the objects that run, count and
// close for the calls. Worker. The app's host fills it in; nothing here knows a call.
#pragma once

#include "alicorn/app.h"
#include "base/rare_line.hpp"
#include "workers/app/body_budget.hpp"
#include "workers/app/disk_helpers.hpp"
#include "workers/contract/settings.hpp"
#include "workers/loop/executor.hpp"

#include <bit>
#include <cstdint>
#include <optional>

namespace alicorn {

class AppCall;

/// The names by which other threads find a call. The low bits of a token are the call's number,
/// from 1, and only as many as the capacity needs; all others are the generation. It does not wrap
/// in practice, so a stale token never names a later request: with a million calls 44 bits are
/// left, five years of 100,000 requests a second through the same call of one worker.
class CallTokens {
 public:
  explicit CallTokens(std::uint32_t capacity)
      : number_bits_(static_cast<int>(std::bit_width(capacity))) {}

  alicorn_token token(std::uint32_t index, std::uint64_t generation) const {
    return generation << number_bits_ | (index + 1);
  }
  /// The call's index plus 1; 0: the token names no call.
  std::uint64_t number(alicorn_token token) const {
    return token & ((std::uint64_t{1} << number_bits_) - 1);
  }
  std::uint64_t generation(alicorn_token token) const { return token >> number_bits_; }

 private:
  int number_bits_;
};

/// Where a finished call is returned to.
class CallPool {
 public:
  virtual void give_back(AppCall& call) = 0;

 protected:
  CallPool() = default;
  CallPool(const CallPool&) = default;
  CallPool& operator=(const CallPool&) = default;
  ~CallPool() = default;
};

struct CallEnvironment {
  const WorkerSettings& settings;
  const alicorn_host& table;
  BodyBudget& bodies;
  CallTokens tokens;
  CallPool* pool = nullptr;
  /// Valid once the app is loaded.
  const alicorn_app* app = nullptr;
  bool streams_body = false;
  bool may_block = true;  ///< whether the app's callbacks may block
  void* worker_state = nullptr;
  /// Valid once the event loop exists.
  AppExecutor* executor = nullptr;
  std::optional<DiskHelpers> disk_helpers{};
  RareLine spill_complaint{};
  dev_t body_device = 0;           ///< of the folder for large bodies
  std::uint64_t spilled_size = 0;  ///< of all bodies there
};

}  // namespace alicorn
