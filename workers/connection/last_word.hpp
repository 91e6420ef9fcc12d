// What the clients of a worker get when it crashes: an answer, where one is owed and none has
// begun. Worker. The I/O thread makes the promises, a crash handler keeps them.
#pragma once

#include "workers/net/output_queue.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace alicorn {

/// The last word of one connection.
class LastWord {
 public:
  /// `queue`: finished answers to earlier requests, which are sent first. While a word waits behind
  /// the queue, nobody changes the queue: see let_go_of_queue().
  explicit LastWord(const OutputQueue& queue) : queue_(queue) {}

  /// Between two requests: if the worker crashes from now on, a client that has sent something gets
  /// 503. Otherwise the connection just ends.
  void await_request(int fd) noexcept {
    app_started_us_.store(nullptr, std::memory_order_relaxed);
    set(fd, kAwaits);
  }
  /// Where the last read puts its bytes, if it is pending or has ended and was not looked at yet:
  /// the kernel no longer has these bytes. Null: there is no such read. Overwrites the first byte.
  void note_read(char* target) noexcept {
    if (target != nullptr) *target = '\0';
    read_target_.store(target, std::memory_order_relaxed);
  }
  /// For an answer of which no byte has left. If the worker crashes from now on, the client gets
  /// 503, or 500 if the app has the request by then.
  void promise(int fd, bool to_head) noexcept { set(fd, kPromised | (to_head ? kToHead : 0)); }
  /// The app has the request when this is not 0. The atomic must live for ever.
  void note_app(const std::atomic<std::uint64_t>& started_us) noexcept {
    app_started_us_.store(&started_us, std::memory_order_relaxed);
  }
  /// An answer is on its way, or none is owed.
  void withdraw() noexcept { state_.store(0, std::memory_order_release); }
  /// Called before the queue is changed. True: the word had to be withdrawn for that.
  bool let_go_of_queue() noexcept {
    if ((state_.load(std::memory_order_relaxed) & kAfterQueue) == 0) return false;
    withdraw();
    std::atomic_signal_fence(std::memory_order_seq_cst);  // later code does not move up
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
  LastWord* previous_ = nullptr;  ///< used by the I/O thread only
};

/// The last words of all connections of a worker.
class LastWords {
 public:
  explicit LastWords(std::string_view server_header);

  void add(LastWord& word) noexcept;  ///< I/O thread
  /// I/O thread: removes a word that has been withdrawn. A crash handler that runs meanwhile still
  /// finds all the others.
  void remove(LastWord& word) noexcept;
  /// Makes say() a step of the crash handler.
  void say_on_crash();
  /// In a crash handler, while the I/O thread stands still: sends what was promised, and gives the
  /// clients time to receive it.
  void say() noexcept;

 private:
  void send(LastWord& word) const noexcept;
  const std::string* owed(const LastWord& word, std::uint64_t state) const noexcept;
  static std::size_t drain(LastWord& word) noexcept;
  template <class Function>
  void for_each(Function function) const noexcept;

  static constexpr std::size_t kAppHasIt = 1, kToHead = 2;
  std::array<std::string, 4> answers_;  ///< indexed by these two bits
  std::atomic<LastWord*> first_{nullptr};
};

}  // namespace alicorn
