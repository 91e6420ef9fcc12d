// A worker's connections, executor and app on a thread of the test's process, without listeners:
// clients connect through a socketpair. In tests.
#pragma once

#include "tests/support/eventually.hpp"
#include "workers/station.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alicorn::test {

/// The client's end of a connection.
class ClientEnd {
 public:
  explicit ClientEnd(UniqueFd fd) : fd_(std::move(fd)) {}

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ASSERT_GT(sent, 0);
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// Everything up to and including this text. Shorter if the connection ends first.
  std::string read_through(std::string_view end) {
    for (;;) {
      if (const std::size_t at = unread_.find(end); at != std::string::npos) {
        return take(at + end.size());
      }
      if (!read_some()) return take(unread_.size());
    }
  }
  std::string read_bytes(std::size_t count) {
    while (unread_.size() < count && read_some()) {
    }
    return take(std::min(count, unread_.size()));
  }
  std::string read_to_end() {
    while (read_some()) {
    }
    return take(unread_.size());
  }
  void close() { fd_.reset(); }
  int fd() const { return fd_.get(); }

 private:
  std::string take(std::size_t count) {
    std::string taken = unread_.substr(0, count);
    unread_.erase(0, count);
    return taken;
  }
  bool read_some() {
    pollfd waiting{fd_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(kPatience.count())) <= 0) {
      ADD_FAILURE() << "nothing comes; so far: " << unread_.substr(0, 1000);
      return false;
    }
    char buffer[16 * 1024];
    const ssize_t got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (got > 0) unread_.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }

  UniqueFd fd_;
  std::string unread_;
};

/// What workers share that hand requests to each other.
struct Neighbourhood {
  static constexpr std::uint32_t kSlots = 4;
  MailRoom room = MailRoom::create(kSlots, kSlots).value();
  LoadTable loads = LoadTable::create(kSlots).value();
};

class WorkerHarness {
 public:
  static constexpr std::uint32_t kCallsMax = 64;

  /// `thread_started` runs on each thread that may run the loop or the app.
  explicit WorkerHarness(WorkerSettings settings, std::function<void()> thread_started = {})
      : WorkerHarness(std::move(settings), std::move(thread_started), nullptr, 0) {}
  /// It has a mailbox, and takes part in the queue of its neighbours.
  WorkerHarness(WorkerSettings settings, Neighbourhood& neighbours, std::uint32_t slot)
      : WorkerHarness(std::move(settings), {}, &neighbours, slot) {
    WorkerLoad& load = neighbours.loads.at(slot);
    on_loop([&] {
      connections().open_mailbox({.loop = station_->loop(),
                                  .room = neighbours.room,
                                  .loads = neighbours.loads,
                                  .slot = slot,
                                  .generation = 1},
                                 {unnamed()});
      load.openness = Openness::kFree;
      load.generation = 1;
    });
  }
  ~WorkerHarness() {
    if (neighbours_ != nullptr) neighbours_->loads.at(slot_).clear();
    on_loop([this] { connections().cut_all(); });
    EXPECT_TRUE(eventually([this] {
      bool over = false;
      on_loop([&] { over = connections().size() == 0 && app_->calls().in_use() == 0; });
      return over;
    }));
    on_loop([this] { executor().stop(kPatience); });
    main_.join();
  }

  ClientEnd connect() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    EXPECT_EQ(::fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    on_loop([&] { connections().start(fds[0], unnamed(), unnamed()); });
    return ClientEnd(UniqueFd(fds[1]));
  }
  /// Runs on the loop's thread, between two events. Returns when the function has run.
  template <class Function>
  void on_loop(Function function) {
    Posted posted(function);
    executor().deliver(posted);
    posted.done.get_future().wait();
  }
  ConnectionSet& connections() { return station_->connections(); }
  AppHost& app() { return *app_; }
  AppExecutor& executor() { return station_->executor(); }
  std::atomic<int> requests_served{0}, recyclings_asked{0};

 private:
  struct Posted final : Delivery {
    explicit Posted(std::function<void()> what) : function(std::move(what)) {}
    void on_delivered() noexcept override {
      function();
      done.set_value();
    }
    std::function<void()> function;
    std::promise<void> done;
  };

  WorkerHarness(WorkerSettings settings, std::function<void()> thread_started,
                Neighbourhood* neighbours, std::uint32_t slot)
      : settings_(std::move(settings)),
        thread_started_(std::move(thread_started)),
        neighbours_(neighbours),
        slot_(slot) {
    std::promise<void> ready;
    auto is_ready = ready.get_future();
    main_ = std::thread([this, &ready] { run(ready); });
    is_ready.wait();
  }

  static Address unnamed() {
    sockaddr_storage address{};
    address.ss_family = AF_UNIX;
    return Address::from_sockaddr(address, sizeof(sa_family_t));
  }

  WorkerLoad& load() { return neighbours_ != nullptr ? neighbours_->loads.at(slot_) : own_load_; }

  void run(std::promise<void>& ready) {
    auto board = WorkerBoard::create(now(), WorkerBoard::Sharing::kByFork, kCallsMax);
    auto access_log = AccessLog::open(settings_.access_log, settings_.statsd);
    auto trust = ForwardedTrust::create(settings_);
    if (!board || !access_log || !trust) std::abort();
    app_.emplace(settings_, kCallsMax);
    app_->join_worker(board->calls(), [this](std::string_view) { ++recyclings_asked; });
    if (auto loaded = app_->load(); !loaded) {
      ADD_FAILURE() << loaded.error().text();
      std::abort();
    }
    EXPECT_TRUE(app_->preload().has_value());
    EXPECT_TRUE(app_->init_worker(0, 1).has_value());
    station_.emplace(
        Station::Parts{.settings = settings_,
                       .app = *app_,
                       .access_log = **access_log,
                       .trust = *trust,
                       .scoreboard = board->worker(),
                       .load = load(),
                       .blocks = blocks_,
                       .request_id_seed = 1},
        Station::Hooks{.thread_started =
                           [this] {
                             if (thread_started_) thread_started_();
                             return Result<void>();
                           },
                       .sweep = [this] { sweep(); },
                       .ask_for_recycling = [this](std::string_view) { ++recyclings_asked; },
                       .request_served = [this](auto) { ++requests_served; }});
    EXPECT_TRUE(station_->start().has_value());
    station_->refresh_date();
    sweep();
    ready.set_value();
    station_->run([] { std::abort(); });
    app_->exit_worker();
    station_.reset();
  }
  void sweep() {
    load().swept_us = to_us(now());
    connections().sweep(to_us(now()));
    station_->set_sweep(now() + milliseconds(20));
  }

  const WorkerSettings settings_;
  const std::function<void()> thread_started_;
  Neighbourhood* const neighbours_;
  const std::uint32_t slot_;
  WorkerLoad own_load_;
  BlockPool blocks_;
  std::optional<AppHost> app_;
  std::optional<Station> station_;
  std::thread main_;
};

}  // namespace alicorn::test
