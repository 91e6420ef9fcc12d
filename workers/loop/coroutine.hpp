// The coroutines of one connection: its loop, and the steps that the loop awaits. Worker, I/O
// thread.
//
// Our own type instead of asio::awaitable: frames live in an arena of the connection (no allocation
// per request), and a step that does not need to wait costs a function call
// (docs/decisions/0002-own-coroutines.md).
#pragma once

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

namespace alicorn {

/// Memory for coroutine frames that nest strictly: the last frame made is the first one freed.
class FrameArena {
 public:
  void* allocate(std::size_t size) {
    const std::size_t rounded = round_up(size);
    if (used_ + rounded > memory_.size()) return ::operator new(rounded);
    void* frame = memory_.data() + used_;
    used_ += rounded;
    return frame;
  }
  void deallocate(void* frame, std::size_t size) noexcept {
    auto* bytes = static_cast<std::byte*>(frame);
    if (bytes < memory_.data() || bytes >= memory_.data() + memory_.size()) {
      ::operator delete(frame);
    } else {
      used_ -= round_up(size);
    }
  }

 private:
  static constexpr std::size_t round_up(std::size_t size) {
    return (size + alignof(std::max_align_t) - 1) / alignof(std::max_align_t) *
           alignof(std::max_align_t);
  }
  alignas(std::max_align_t) std::array<std::byte, 2560> memory_;
  std::size_t used_ = 0;
};

namespace detail {

/// Puts the frame of a member coroutine into the frame_arena() of its Owner. A pointer to the arena
/// follows the frame because operator delete gets only the size.
struct ArenaPromise {
  template <class Owner, class... Arguments>
  static void* operator new(std::size_t size, Owner& owner, Arguments&&...) {
    FrameArena& arena = owner.frame_arena();
    auto* frame = static_cast<std::byte*>(arena.allocate(padded(size) + sizeof(FrameArena*)));
    *reinterpret_cast<FrameArena**>(frame + padded(size)) = &arena;
    return frame;
  }
  static void operator delete(void* frame, std::size_t size) noexcept {
    auto* bytes = static_cast<std::byte*>(frame);
    FrameArena* arena = *reinterpret_cast<FrameArena**>(bytes + padded(size));
    arena->deallocate(frame, padded(size) + sizeof(FrameArena*));
  }
  static constexpr std::size_t padded(std::size_t size) {
    return (size + alignof(FrameArena*) - 1) / alignof(FrameArena*) * alignof(FrameArena*);
  }
  [[noreturn]] void unhandled_exception() noexcept { std::abort(); }
};

}  // namespace detail

/// One step of a connection's loop. Starts when it is awaited and returns a T. Await the named
/// object or the call itself, and only once.
template <class T>
class [[nodiscard]] Task {
 public:
  struct promise_type : detail::ArenaPromise {
    T value{};
    std::coroutine_handle<> continuation;

    Task get_return_object() noexcept {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    auto final_suspend() const noexcept {
      struct Final {
        bool await_ready() const noexcept { return false; }
        // Resume here, not by symmetric transfer, which grows the stack in unoptimised builds. The
        // continuation destroys this frame: do not touch it afterwards.
        void await_suspend(std::coroutine_handle<promise_type> handle) const noexcept {
          const std::coroutine_handle<> next = handle.promise().continuation;
          if (next) next.resume();
        }
        void await_resume() const noexcept {}
      };
      return Final{};
    }
    void return_value(T result) noexcept { value = result; }
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() noexcept {
    handle_.resume();
    return handle_.done();
  }
  void await_suspend(std::coroutine_handle<> caller) noexcept {
    handle_.promise().continuation = caller;
  }
  T await_resume() noexcept { return handle_.promise().value; }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

/// The loop itself. Runs at once until it first waits. Its frame is freed when it returns.
struct DetachedCoroutine {
  struct promise_type : detail::ArenaPromise {
    DetachedCoroutine get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
  };
};

}  // namespace alicorn
