// A mutex, a lock and a condition variable that clang's thread safety analysis understands
// (-Wthread-safety in CI's clang step). A member names the mutex that guards it; a function names
// the mutex that its caller holds. Used in any process with threads.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

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

class ALICORN_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() ALICORN_THREAD_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void unlock() ALICORN_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }

 private:
  friend class Lock;
  std::mutex mutex_;
};

/// Holds a mutex until the end of the block, or until unlock().
class ALICORN_THREAD_ATTRIBUTE(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) ALICORN_THREAD_ATTRIBUTE(acquire_capability(mutex))
      : lock_(mutex.mutex_) {}
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() ALICORN_THREAD_ATTRIBUTE(release_capability()) = default;

  void unlock() ALICORN_THREAD_ATTRIBUTE(release_capability()) { lock_.unlock(); }
  void lock() ALICORN_THREAD_ATTRIBUTE(acquire_capability()) { lock_.lock(); }

 private:
  friend class Condition;
  std::unique_lock<std::mutex> lock_;
};

/// One thread waits while another one changes the guarded state. There is no wait with a predicate:
/// the analysis can follow a loop in the caller's own body, but not a lambda.
class Condition {
 public:
  void wait(Lock& lock) { changed_.wait(lock.lock_); }
  /// False: the deadline has passed.
  template <class Clock, class Duration>
  bool wait_until(Lock& lock, std::chrono::time_point<Clock, Duration> end) {
    return changed_.wait_until(lock.lock_, end) == std::cv_status::no_timeout;
  }
  template <class Rep, class Period>
  bool wait_for(Lock& lock, std::chrono::duration<Rep, Period> time) {
    return changed_.wait_for(lock.lock_, time) == std::cv_status::no_timeout;
  }
  void notify_one() { changed_.notify_one(); }
  void notify_all() { changed_.notify_all(); }

 private:
  std::condition_variable changed_;
};

}  // namespace alicorn
