// What the clients of a worker hear when it crashes: an answer, where one is owed and none has
// begun. Worker; the I/O thread keeps the promises, a crash handler honours them.
#pragma once

#include "workers/net/output_queue.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace alicorn {

/// One connection's.
class LastWord {
 public:
  /// `queue`: finished answers to earlier requests, which leave first. It is not touched while a
  /// word waits for it: see let_go_of_queue().
  explicit LastWord(const OutputQueue& queue) : queue_(queue) {}

  /// Between two requests: from now on it gets 503 if the worker crashes, provided that it has sent
  /// something. Else it is told that the connection ends.
  void await_request(int fd) noexcept {
    app_started_us_.store(nullptr, std::memory_order_relaxed);
    set(fd, kAwaits);
  }
  /// The read that is pending, or has ended and was not looked at yet, puts its bytes here: what
  /// the kernel does not have any more. Null: none is. Writes the first byte.
  void note_read(char* target) noexcept {
    if (target != nullptr) *target = '\0';
    read_target_.store(target, std::memory_order_relaxed);
  }
  /// Of an answer no byte may have left yet: from now on it gets 503 if the worker crashes, or 500
  /// if the app has the request by then.
  void promise(int fd, bool to_head) noexcept { set(fd, kPromised | (to_head ? kToHead : 0)); }
  /// The app has the request when this is not 0; it must live for ever.
  void note_app(const std::atomic<std::uint64_t>& started_us) noexcept {
    app_started_us_.store(&started_us, std::memory_order_relaxed);
  }
  /// An answer is on its way, or none is owed.
  void withdraw() noexcept { state_.store(0, std::memory_order_release); }
  /// Before the queue is touched. True: the word has been withdrawn for it.
  bool let_go_of_queue() noexcept {
    if ((state_.load(std::memory_order_relaxed) & kAfterQueue) == 0) return false;
    withdraw();
    std::atomic_signal_fence(std::memory_order_seq_cst);  // what follows does not come before it
    return true;
  }

 private:
  friend class LastWords;
  static constexpr std::uint64_t kAwaits = std::uint64_t{1} << 32, kPromised = kAwaits << 1,
                                 kToHead = kAwaits << 2, kAfterQueue = kAwaits << 3,
                                 kSaid = kAwaits << 4;

  void set(int fd, std::uint64_t what) noexcept {
    const std::uint64_t after = queue_.empty() ? 0 : kAfterQueue;
    state_.store(static_cast<std::uint64_t>(fd) | what | after, std::memory_order_release);
  }

  const OutputQueue& queue_;
  std::atomic<std::uint64_t> state_{0};
  std::atomic<const char*> read_target_{nullptr};
  std::atomic<const std::atomic<std::uint64_t>*> app_started_us_{nullptr};
  LastWord* next_ = nullptr;
  LastWord* previous_ = nullptr;  ///< the I/O thread's
};

/// All of a worker's.
class LastWords {
 public:
  explicit LastWords(std::string_view server_header);

  void add(LastWord& word) noexcept;  ///< I/O thread
  /// I/O thread: the word, which has been withdrawn, may go. A crash handler that looks meanwhile
  /// finds all the others.
  void remove(LastWord& word) noexcept;
  /// Makes say() a step of the crash handler.
  void say_on_crash();
  /// In a crash handler, while the I/O thread stands still: sends what was promised, and lets the
  /// clients receive it.
  void say() noexcept;

 private:
  void send(LastWord& word) const noexcept;
  const std::string* owed(const LastWord& word, std::uint64_t state) const noexcept;
  static std::size_t drain(LastWord& word) noexcept;
  template <class Function>
  void for_each(Function function) const noexcept;

  static constexpr std::size_t kAppHasIt = 1, kToHead = 2;
  std::array<std::string, 4> answers_;  ///< by these two
  std::atomic<LastWord*> first_{nullptr};
};

}  // namespace alicorn
