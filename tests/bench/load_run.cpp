#include "tests/bench/load_run.hpp"

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

namespace {

constexpr std::int64_t kSecond = 1'000'000'000, kMillisecond = 1'000'000;
constexpr std::int64_t kTimeForLastAnswers = 5 * kSecond, kTimeForIdle = 60 * kSecond;
constexpr std::uint64_t kErrorsMax = 1000;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "load: %s\n", what.c_str());
  std::exit(1);
}

std::int64_t now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

std::int64_t own_cpu_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

void allow_many_descriptors(std::size_t wanted) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted + 16)
    fail("too many connections: this process may have " + std::to_string(limit.rlim_cur) +
         " descriptors (ulimit -n)");
}

int connect_to_port(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS)
    fail("connect to port " + std::to_string(port) + ": " + std::strerror(errno));
  return fd;
}

int connect_to_path(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  // Blocks while the server's queue is full: without, the call would fail.
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    fail("connect to " + path + ": " + std::strerror(errno));
  return fd;
}

}  // namespace

LoadRun::LoadRun(const LoadOptions& options)
    : options_(options),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      connections_(options.connections + options.idle_connections),
      free_(options.connections),
      gap_ns_(options.rate > 0 ? static_cast<double>(kSecond) / options.rate : 0) {
  allow_many_descriptors(connections_.size());
  ::prctl(PR_SET_TIMERSLACK, 1);  // the kernel's 50 us would delay what is due
  for (std::size_t i = 0; i < free_.size(); ++i) free_[i] = i;
  free_count_ = free_.size();
}

LoadRun::~LoadRun() {
  for (Connection& connection : connections_) close(connection);
  ::close(epoll_);
}

void LoadRun::open_idle_connections() {
  constexpr std::size_t kAtOnce = 32;  // more could overrun the queue of the server's listener
  const std::int64_t give_up_ns = now_ns() + kTimeForIdle;
  std::size_t opened = 0;
  while (idle_answered_ < options_.idle_connections) {
    while (opened < options_.idle_connections && opened < idle_answered_ + kAtOnce) {
      Connection& connection = connections_[options_.connections + opened++];
      connection.is_idle = true;
      begin(connection, now_ns());
    }
    serve(20 * kMillisecond);
    if (now_ns() > give_up_ns || counts_.errors > 0)
      fail("only " + std::to_string(idle_answered_) + " of " +
           std::to_string(options_.idle_connections) + " idle connections got an answer");
  }
}

void LoadRun::drive(double seconds) {
  counts_ = {};
  begun_ = 0;
  counts_.server_cpu_ns = -server_cpu_ns();
  counts_.client_cpu_ns = -own_cpu_ns();
  start_ns_ = now_ns();
  stop_ns_ = start_ns_ + static_cast<std::int64_t>(seconds * static_cast<double>(kSecond));
  for (std::int64_t now = start_ns_;; now = now_ns()) {
    begin_due(now);
    const bool has_more = may_begin(now);
    if (!has_more && free_count_ == free_.size()) break;
    if (now > stop_ns_ + kTimeForLastAnswers) {
      count_unanswered(now);
      break;
    }
    const bool waits_for_time = has_more && gap_ns_ > 0 && free_count_ > 0;
    serve(waits_for_time ? std::max<std::int64_t>(next_due_ns() - now, 0) : 20 * kMillisecond);
  }
  counts_.ended_ns = now_ns();
  counts_.client_cpu_ns += own_cpu_ns();
  // The kernel adds to a thread's time when it goes to sleep.
  serve(2 * kMillisecond);
  counts_.server_cpu_ns += server_cpu_ns();
}

void LoadRun::hold() {
  pollfd watched[] = {{STDIN_FILENO, POLLIN, 0}, {epoll_, POLLIN, 0}};
  for (;;) {
    if (::poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0) serve(0);
    char bytes[64];
    if (watched[0].revents != 0 && ::read(STDIN_FILENO, bytes, sizeof bytes) <= 0) return;
  }
}

bool LoadRun::may_begin(std::int64_t now) const {
  if (options_.requests_max != 0 && begun_ >= options_.requests_max) return false;
  return gap_ns_ > 0 ? next_due_ns() < stop_ns_ : now < stop_ns_;
}

std::int64_t LoadRun::next_due_ns() const {
  return start_ns_ + std::llround(static_cast<double>(begun_) * gap_ns_);
}

void LoadRun::begin_due(std::int64_t now) {
  while (free_count_ > 0 && may_begin(now)) {
    std::int64_t due_ns = now;
    if (gap_ns_ > 0) {
      due_ns = next_due_ns();
      if (due_ns > now) return;
      if (free_count_ > 1) counts_.lateness.add(now - due_ns);
    }
    const std::size_t index = free_[free_begin_];
    free_begin_ = (free_begin_ + 1) % free_.size();
    --free_count_;
    ++begun_;
    begin(connections_[index], due_ns);
    if (gap_ns_ > 0) now = now_ns();
  }
}

void LoadRun::begin(Connection& connection, std::int64_t due_ns) {
  connection.due_ns = due_ns;
  connection.is_waiting = true;
  connection.response.reset();
  connection.sent = 0;
  if (connection.fd < 0) connect(connection);
  send_request(connection);
}

void LoadRun::connect(Connection& connection) {
  connection.fd =
      options_.port != 0 ? connect_to_port(options_.port) : connect_to_path(options_.socket_path);
  connection.has_served = connection.awaits_room = false;
  connection.error = 0;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &connection;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event) != 0)
    fail(std::string("epoll_ctl: ") + std::strerror(errno));
}

void LoadRun::close(Connection& connection) {
  if (connection.fd >= 0) ::close(connection.fd);
  connection.fd = -1;
}

void LoadRun::send_request(Connection& connection) {
  const std::string& request = options_.request;
  while (connection.sent < request.size()) {
    const ssize_t sent = ::send(connection.fd, request.data() + connection.sent,
                                request.size() - connection.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EAGAIN || errno == ENOTCONN) return await_room(connection, true);
      connection.error = errno;  // the next read ends the connection
      return;
    }
    connection.sent += static_cast<std::size_t>(sent);
  }
  if (connection.awaits_room) await_room(connection, false);
}

void LoadRun::await_room(Connection& connection, bool awaits) {
  connection.awaits_room = awaits;
  epoll_event event{};
  event.events = awaits ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.ptr = &connection;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
}

void LoadRun::serve(std::int64_t wait_ns) {
  epoll_event events[256];
  const timespec wait{wait_ns / kSecond, wait_ns % kSecond};
  const int count = ::epoll_pwait2(epoll_, events, 256, &wait, nullptr);
  for (int i = 0; i < count; ++i) {
    auto& connection = *static_cast<Connection*>(events[i].data.ptr);
    if ((events[i].events & EPOLLOUT) != 0) send_request(connection);
    if ((events[i].events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) on_readable(connection);
  }
}

void LoadRun::on_readable(Connection& connection) {
  static char bytes[256 * 1024];
  const ssize_t size = ::recv(connection.fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return on_end(connection, size < 0 ? errno : connection.error);
  if (!connection.is_waiting) return;  // more than was asked for
  const std::string_view received(bytes, static_cast<std::size_t>(size));
  if (connection.response.take(received, usual_) == ResponseEnd::Progress::kWhole)
    on_answer(connection);
}

void LoadRun::on_end(Connection& connection, int error) {
  close(connection);
  if (!connection.is_waiting) {
    if (connection.is_idle) ++counts_.idle_lost;
    return;
  }
  // A server may close a kept connection at any time: the client must repeat what it has sent
  // since.
  if (connection.has_served && !connection.response.has_begun()) {
    ++counts_.reconnects;
    return begin(connection, connection.due_ns);
  }
  if (++counts_.errors > kErrorsMax)
    fail("more than " + std::to_string(kErrorsMax) + " requests without an answer; the last one: " +
         (error == 0 ? "the server closed the connection" : std::strerror(error)));
  connection.is_waiting = false;
  if (!connection.is_idle) release(connection);
}

void LoadRun::on_answer(Connection& connection) {
  connection.is_waiting = false;
  connection.has_served = true;
  const bool closes = connection.response.closes();
  if (!connection.response.status_is_200()) ++counts_.not_200;
  if (connection.is_idle) {
    ++idle_answered_;
    if (closes) on_end(connection, 0);
    return;
  }
  const std::int64_t now = now_ns();
  counts_.latency.add(now - connection.due_ns);
  if (closes || options_.connects_for_each) {
    close(connection);
    if (!options_.connects_for_each) ++counts_.reconnects;
  }
  release(connection);
  begin_due(now);
}

void LoadRun::release(const Connection& connection) {
  const auto index = static_cast<std::size_t>(&connection - connections_.data());
  free_[(free_begin_ + free_count_) % free_.size()] = index;
  ++free_count_;
}

void LoadRun::count_unanswered(std::int64_t now) {
  for (Connection& connection : connections_) {
    if (!connection.is_waiting || connection.is_idle) continue;
    ++counts_.unanswered;
    counts_.latency.add(now - connection.due_ns);
    connection.is_waiting = false;
    close(connection);
    release(connection);
  }
  // What was due and could not even be sent.
  for (; gap_ns_ > 0 && next_due_ns() < stop_ns_; ++begun_) {
    ++counts_.unanswered;
    counts_.latency.add(now - next_due_ns());
  }
}

std::int64_t LoadRun::server_cpu_ns() const {
  std::int64_t sum = 0;
  for (const std::string& pid : options_.counted_pids) {
    std::error_code error;
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + pid + "/task", error)) {
      std::int64_t ns = 0;
      if (std::ifstream(task.path() / "schedstat") >> ns) sum += ns;
    }
    if (error) fail("process " + pid + ": " + error.message());
  }
  return sum;
}

void LoadRun::report() const {
  const auto us = [](std::uint64_t ns) { return static_cast<double>(ns) / 1000; };
  const double seconds = static_cast<double>(counts_.ended_ns - start_ns_) / kSecond;
  const std::uint64_t requests = counts_.latency.count() - counts_.unanswered;
  std::printf("{\"requests\": %" PRIu64 ", \"seconds\": %.6f, \"rate\": %.1f", requests, seconds,
              static_cast<double>(requests) / seconds);
  for (const auto& [name, share] :
       {std::pair{"p50", .5}, {"p90", .9}, {"p99", .99}, {"p99.9", .999}})
    std::printf(", \"%s_us\": %.1f", name, us(counts_.latency.quantile_ns(share)));
  std::printf(", \"max_us\": %.1f, \"client_late_p99_us\": %.1f", us(counts_.latency.max_ns()),
              us(counts_.lateness.quantile_ns(.99)));
  std::printf(", \"not_200\": %" PRIu64 ", \"errors\": %" PRIu64 ", \"unanswered\": %" PRIu64
              ", \"reconnects\": %" PRIu64 ", \"idle_lost\": %" PRIu64,
              counts_.not_200, counts_.errors, counts_.unanswered, counts_.reconnects,
              counts_.idle_lost);
  std::printf(", \"server_cpu_us\": %.1f, \"client_cpu_us\": %.1f}\n",
              us(static_cast<std::uint64_t>(counts_.server_cpu_ns)),
              us(static_cast<std::uint64_t>(counts_.client_cpu_ns)));
}
