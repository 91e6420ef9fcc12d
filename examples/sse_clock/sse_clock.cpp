// Server-sent events: any number of open streams, and one thread that serves them all. Each request
// is deferred; the clock's thread resumes the requests, and each resumed call writes one line.
// ?count=N ends a stream after N lines.
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include <time.h>

#include <alicorn/app.hpp>

namespace {

using alicorn::Request;

std::string time_of_day() {
  const time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, ::strftime(text, sizeof(text), "%FT%TZ", &parts)};
}

std::uint64_t number(std::string_view text, std::uint64_t otherwise) {
  std::uint64_t value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// One open stream. Its callbacks never overlap, so nothing here needs a lock.
struct Stream {
  std::uint64_t lines_left;
  bool has_room = true;

  void tick(Request& request) {
    // A client that does not keep up misses ticks; they do not pile up here.
    if (!has_room) return;
    has_room = request.write("data: " + time_of_day() + "\n\n");
    if (--lines_left == 0) request.end();
  }
};

class Clock {
 public:
  static constexpr std::string_view kName = "sse_clock", kVersion = "1.0";

  Clock(alicorn::Host host, const alicorn_worker&)
      : interval_(number(host.config("interval_ms").value_or(""), 1000)),
        thread_([this] { run(); }) {}

  ~Clock() {
    drain();
    thread_.join();
  }

  void on_request(Request& request) {
    const std::string_view query = request.query();
    const auto count = query.starts_with("count=") ? number(query.substr(6), 0) : 0;
    request.begin(200, {{"content-type", "text/event-stream"}, {"cache-control", "no-store"}});
    request.write("retry: 1000\n\n");

    auto stream = std::make_shared<Stream>(Stream{count == 0 ? UINT64_MAX : count});
    const alicorn::RequestToken token =
        request.defer(std::make_unique<Events>(*this, stream)).release();
    const std::lock_guard lock(mutex_);
    streams_.emplace(token.raw(), Open{token, std::move(stream)});
  }

  /// Stops the ticks. Each stream ends when it is cancelled; that includes streams that come later.
  void drain() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }

 private:
  struct Open {
    alicorn::RequestToken token;
    std::shared_ptr<Stream> stream;
  };

  struct Events : alicorn::RequestEvents {
    Events(Clock& owner, std::shared_ptr<Stream> open) : clock(owner), stream(std::move(open)) {}
    void on_event(Request& request, std::int32_t event) override {
      if (event == ALICORN_EVENT_WRITABLE) stream->has_room = true;
      if (event == ALICORN_EVENT_CANCELLED)
        request.end();  // also for a client that has left: this finishes the request
      if (event == ALICORN_EVENT_FINISHED) clock.forget(request.token().raw());
    }
    Clock& clock;
    std::shared_ptr<Stream> stream;
  };

  void forget(alicorn_token token) {
    const std::lock_guard lock(mutex_);
    streams_.erase(token);
  }

  void run() {
    std::unique_lock lock(mutex_);
    auto next = std::chrono::steady_clock::now();
    while (!stopping_) {
      next += std::chrono::milliseconds(interval_);
      if (changed_.wait_until(lock, next, [this] { return stopping_; })) return;
      // Safe under the mutex: resume() takes none of our locks, and runs the function later on
      // another thread.
      for (const auto& [token, open] : streams_) {
        open.token.resume([stream = open.stream](Request* request) {
          if (request != nullptr) stream->tick(*request);
        });
      }
    }
  }

  const std::uint64_t interval_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::map<alicorn_token, Open> streams_;
  std::thread thread_;  // last, because it uses the other members from the start
};

}  // namespace

ALICORN_CPP_WORKER(Clock, ALICORN_APP_THREAD_SAFE);
