// A mutex, a lock and a condition variable that clang's thread safety analysis understands
// (-Wthread-safety; the asan preset makes it an error). A member names the mutex that guards it; a
// function names the mutex that its caller holds. Used in any process with threads.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>

#if defined(__clang__)
#define ALICORN_THREAD_ATTRIBUTE(attribute) __attribute__((attribute))
#else
#define ALICORN_THREAD_ATTRIBUTE(attribute)
#endif

/// For a member: may be touched only while the mutex is held.
#define ALICORN_GUARDED_BY(mutex) ALICORN_THREAD_ATTRIBUTE(guarded_by(mutex))
/// For a function: the caller holds the mutex.
#define ALICORN_REQUIRES(...) ALICORN_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
/// For a function: the caller does not hold the mutex, because the function takes it.
#define ALICORN_EXCLUDES(...) ALICORN_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
/// For a function that the analysis cannot follow. Say why beside it.
#define ALICORN_NO_THREAD_SAFETY_ANALYSIS ALICORN_THREAD_ATTRIBUTE(no_thread_safety_analysis)

namespace alicorn {

/// A mutex whose uncontended lock and unlock are one atomic operation each, without a call: a
/// request takes six of them. (std::mutex costs some fifty instructions more for each pair.)
class ALICORN_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() ALICORN_THREAD_ATTRIBUTE(acquire_capability()) {
    State free = State::kFree;
    if (!state_.compare_exchange_strong(free, State::kHeld, std::memory_order_acquire)) wait();
  }
  void unlock() ALICORN_THREAD_ATTRIBUTE(release_capability()) {
    if (state_.exchange(State::kFree, std::memory_order_release) == State::kAwaited) {
      state_.notify_one();
    }
  }

 private:
  enum class State : int {
    kFree,
    kHeld,
    kAwaited,  ///< held, and another thread may sleep until it is free
  };

  /// Whoever has waited cannot know whether others wait too, and holds the mutex as kAwaited.
  [[gnu::noinline]] void wait() {
    while (state_.exchange(State::kAwaited, std::memory_order_acquire) != State::kFree) {
      state_.wait(State::kAwaited, std::memory_order_relaxed);
    }
  }

  std::atomic<State> state_{State::kFree};
};

/// Holds a mutex until the end of the block, or until unlock().
class ALICORN_THREAD_ATTRIBUTE(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) ALICORN_THREAD_ATTRIBUTE(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() ALICORN_THREAD_ATTRIBUTE(release_capability()) {
    if (is_held_) mutex_.unlock();
  }

  void unlock() ALICORN_THREAD_ATTRIBUTE(release_capability()) {
    mutex_.unlock();
    is_held_ = false;
  }
  void lock() ALICORN_THREAD_ATTRIBUTE(acquire_capability()) {
    mutex_.lock();
    is_held_ = true;
  }

 private:
  Mutex& mutex_;
  bool is_held_ = true;
};

/// One thread waits while another one changes the guarded state. There is no wait with a predicate:
/// the analysis can follow a loop in the caller's own body, but not a lambda.
class Condition {
 public:
  void wait(Lock& lock) { changed_.wait(lock); }
  /// False: the deadline has passed.
  template <class Clock, class Duration>
  bool wait_until(Lock& lock, std::chrono::time_point<Clock, Duration> end) {
    return changed_.wait_until(lock, end) == std::cv_status::no_timeout;
  }
  template <class Rep, class Period>
  bool wait_for(Lock& lock, std::chrono::duration<Rep, Period> time) {
    return changed_.wait_for(lock, time) == std::cv_status::no_timeout;
  }
  void notify_one() { changed_.notify_one(); }
  void notify_all() { changed_.notify_all(); }

 private:
  std::condition_variable_any changed_;
};

}  // namespace alicorn
