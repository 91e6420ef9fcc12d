// The loop that one thread at a time leads, and what it waits for besides sockets: descriptors that
// become readable, one timer. How readiness comes is known here and nowhere above. Worker; all of
// it on the I/O thread.
#pragma once

#include "base/clock.hpp"
#include "workers/loop/executor.hpp"
#include "workers/loop/handler_memory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <utility>

namespace alicorn {

class EventLoop {
 public:
  /// For one pending operation at a time. It outlives the loop, which gives such memory back at its
  /// end.
  HandlerMemory& new_memory() { return memories_.emplace_back(); }
  /// For sockets. It is built without locks (I1).
  boost::asio::io_context& io() { return io_; }
  /// What AppExecutor::Hooks::turn is. The loop must outlive the executor.
  std::function<bool(AppExecutor::Wait)> turns() {
    return [this](AppExecutor::Wait wait) {
      return (wait == AppExecutor::Wait::kMay ? io_.run_one() : io_.poll_one()) != 0;
    };
  }

 private:
  std::deque<HandlerMemory> memories_;
  boost::asio::io_context io_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
};

/// Calls a function when a borrowed descriptor is readable. It must outlive the loop's last turn.
class ReadableWatch {
 public:
  enum class Times { kEach, kOnce };

  ReadableWatch(EventLoop& loop, std::function<void()> on_readable, Times times = Times::kEach)
      : memory_(loop.new_memory()),
        times_(times),
        descriptor_(loop.io().get_executor()),
        on_readable_(std::move(on_readable)) {}
  ReadableWatch(const ReadableWatch&) = delete;
  ReadableWatch& operator=(const ReadableWatch&) = delete;
  /// The descriptor stays open: it is its owner's.
  ~ReadableWatch() {
    if (descriptor_.is_open()) descriptor_.release();
  }

  void watch(int fd) {
    descriptor_.assign(fd);
    wait();
  }

 private:
  void wait() {
    descriptor_.async_wait(descriptor_.wait_read,
                           in_place(memory_, [this](const boost::system::error_code& error) {
                             if (error) return;
                             on_readable_();
                             if (times_ == Times::kEach) wait();
                           }));
  }

  HandlerMemory& memory_;
  const Times times_;
  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> descriptor_;
  const std::function<void()> on_readable_;
};

/// Calls a function at a time that may be moved. It must outlive the loop's last turn.
class LoopTimer {
 public:
  LoopTimer(EventLoop& loop, std::function<void()> on_time)
      : memory_(loop.new_memory()),
        timer_(loop.io().get_executor()),
        on_time_(std::move(on_time)) {}
  LoopTimer(const LoopTimer&) = delete;
  LoopTimer& operator=(const LoopTimer&) = delete;

  /// In place of any time that was set before.
  void set(MonotonicTime time) {
    timer_.expires_at(time);
    timer_.async_wait(in_place(memory_, [this](const boost::system::error_code& error) {
      if (!error) on_time_();
    }));
  }
  MonotonicTime time() const { return timer_.expiry(); }

 private:
  HandlerMemory& memory_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      timer_;
  const std::function<void()> on_time_;
};

}  // namespace alicorn
