// The pool of calls, and how other threads find one by its token. Worker.
#pragma once

#include "alicorn/app.h"
#include "workers/app/app_call.hpp"
#include "workers/app/call_environment.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace alicorn {

class CallTable final : public CallPool {
 public:
  /// Calls return themselves to this table: `environment` names it as their pool.
  CallTable(CallEnvironment& environment, std::uint32_t capacity);
  /// To be called before the first call is made, in the process that serves. `slots`: as many
  /// scoreboard slots as there may be calls.
  void bind(CallSlot* slots) { slots_ = slots; }

  /// I/O thread. Null: every call is in use.
  AppCall* take();
  void give_back(AppCall& call) override;
  std::uint32_t in_use() const { return in_use_; }
  bool is_full() const { return in_use_ == capacity_; }
  std::uint64_t given_back() const { return given_back_; }  ///< how often
  /// I/O thread: releases the memory that unused calls keep for their next requests.
  void release_memory();
  /// I/O thread: `function(call)` for each call in use.
  template <class Function>
  void for_each_in_use(Function function) {
    for (std::uint32_t i = 0; i < made_; ++i) {
      AppCall& call = *owned_[i];
      if (used_[i] != 0) function(call);
    }
  }

  /// Any thread. A call is never freed, so the pointer stays valid; the generation shows whether it
  /// is still the same request.
  AppCall* find(alicorn_token token) const;
  /// Async-signal-safe: the call whose callback runs on this thread; null: none.
  const AppCall* call_on(pid_t thread) const noexcept;
  const CallTokens& tokens() const { return environment_.tokens; }

 private:
  CallEnvironment& environment_;
  CallSlot* slots_ = nullptr;
  const std::uint32_t capacity_;
  std::uint32_t made_ = 0;
  std::uint32_t in_use_ = 0;
  std::uint64_t given_back_ = 0;
  std::vector<std::unique_ptr<AppCall>> owned_;
  std::vector<std::uint8_t> used_;
  std::vector<AppCall*> free_;
  std::unique_ptr<std::atomic<AppCall*>[]> published_;
};

}  // namespace alicorn
