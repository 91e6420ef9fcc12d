// The pool of calls, and the names (tokens) by which other threads find one. Worker.
#pragma once

#include "alicorn/app.h"
#include "workers/app/app_call.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace alicorn {

class CallTable {
 public:
  CallTable(AppHost& host, std::uint32_t capacity);
  /// Before the first call, in the process that serves. `slots`: as many scoreboard slots as there
  /// may be calls.
  void bind(CallSlot* slots) { slots_ = slots; }

  /// I/O thread. Null: every call is in use.
  AppCall* take();
  void give_back(AppCall& call);
  std::uint32_t in_use() const { return in_use_; }
  bool is_full() const { return in_use_ == capacity_; }
  std::uint64_t given_back() const { return given_back_; }  ///< so often
  /// I/O thread: what calls that are not in use keep for their next requests.
  void release_memory();
  /// I/O thread: `function(call)` for each call in use.
  template <class Function>
  void for_each_in_use(Function function) {
    for (std::uint32_t i = 0; i < made_; ++i) {
      AppCall& call = *owned_[i];
      if (used_[i] != 0) function(call);
    }
  }

  /// Any thread. A call is never freed, so the pointer is good; the generation says whether it is
  /// still the same request.
  AppCall* find(alicorn_token token) const;
  /// Async-signal-safe: the call whose callback runs on this thread; null: none.
  const AppCall* call_on(pid_t thread) const noexcept;
  /// The low bits of a token are the call's number, from 1, and only as many as the capacity needs;
  /// all others are the generation. It does not wrap in practice, so a stale token never names a
  /// later request: with a million calls 44 bits are left, five years of 100,000 requests a second
  /// through the same call of one worker.
  alicorn_token token(std::uint32_t index, std::uint64_t generation) const {
    return generation << number_bits_ | (index + 1);
  }
  std::uint64_t generation(alicorn_token token) const { return token >> number_bits_; }

 private:
  AppHost& host_;
  CallSlot* slots_ = nullptr;
  const std::uint32_t capacity_;
  const int number_bits_;
  std::uint32_t made_ = 0;
  std::uint32_t in_use_ = 0;
  std::uint64_t given_back_ = 0;
  std::vector<std::unique_ptr<AppCall>> owned_;
  std::vector<std::uint8_t> used_;
  std::vector<AppCall*> free_;
  std::unique_ptr<std::atomic<AppCall*>[]> published_;
};

}  // namespace alicorn
