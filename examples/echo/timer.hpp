// A thread that runs functions later; echo uses it to answer deferred requests. Part of the app,
// runs in the worker.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

class Timer {
 public:
  Timer() : thread_([this] { run(); }) {}
  /// Runs all waiting functions before it returns.
  ~Timer() {
    {
      const std::lock_guard lock(mutex_);
      hurries_ = ends_ = true;
      changed_.notify_one();
    }
    thread_.join();
  }

  void after(std::chrono::milliseconds delay, std::function<void()> function) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(std::chrono::steady_clock::now() + delay, std::move(function));
    changed_.notify_one();
  }

  /// Runs waiting functions at once, and later ones as soon as they come: a worker that is leaving
  /// still has requests, and none of them should hold it up.
  void hurry() {
    const std::lock_guard lock(mutex_);
    hurries_ = true;
    changed_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!ends_ || !waiting_.empty()) {
      if (waiting_.empty()) {
        changed_.wait(lock);
        continue;
      }
      const auto first = waiting_.begin();
      if (!hurries_ && std::chrono::steady_clock::now() < first->first) {
        changed_.wait_until(lock, first->first);
        continue;
      }
      const auto function = std::move(first->second);
      waiting_.erase(first);
      lock.unlock();
      function();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<std::chrono::steady_clock::time_point, std::function<void()>> waiting_;
  bool hurries_ = false, ends_ = false;
  std::thread thread_;  // last, because it uses the other members from the start
};
