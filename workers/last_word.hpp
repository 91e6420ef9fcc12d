// What the clients of a worker hear when it crashes: an answer, where none has begun. Worker; the
// I/O thread keeps the promises, a crash handler honours them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace alicorn {

/// One connection's. Part of an object that is never freed.
class LastWord {
 public:
  /// Of nothing that was sent yet may a client have seen a byte: then, from now on, it gets 500 if
  /// the worker crashes, and 503 before the app has the request.
  void promise(int fd, bool app_has_it, bool to_head) noexcept {
    state_.store(static_cast<std::uint64_t>(fd) | kPromised | (app_has_it ? kAppHasIt : 0) |
                     (to_head ? kToHead : 0),
                 std::memory_order_relaxed);
  }
  /// An answer is on its way, or none is owed.
  void withdraw() noexcept { state_.store(0, std::memory_order_relaxed); }

 private:
  friend class LastWords;
  static constexpr std::uint64_t kPromised = std::uint64_t{1} << 32, kAppHasIt = kPromised << 1,
                                 kToHead = kPromised << 2, kSaid = kPromised << 3;
  int fd() const noexcept {
    return static_cast<int>(state_.load(std::memory_order_relaxed) & 0x7fffffff);
  }

  std::atomic<std::uint64_t> state_{0};
  LastWord* next_ = nullptr;
};

/// All of a worker's.
class LastWords {
 public:
  explicit LastWords(std::string_view server_header);

  void add(LastWord& word) noexcept;  ///< I/O thread
  /// Makes say() a step of the crash handler.
  void say_on_crash();
  /// In a crash handler, while the I/O thread stands still: sends what was promised, and lets the
  /// clients receive it.
  void say() noexcept;

 private:
  void send(LastWord& word) const noexcept;
  static std::size_t drain(LastWord& word) noexcept;
  template <class Function>
  void for_each(Function function) const noexcept;

  std::array<std::string, 4> answers_;  ///< by kAppHasIt and kToHead
  std::atomic<LastWord*> first_{nullptr};
};

}  // namespace alicorn
