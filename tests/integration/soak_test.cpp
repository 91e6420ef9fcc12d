// The long runs behind the promises of the documents: too long for every build, run by script/soak.
#include "tests/support/load.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/resident_memory.hpp"
#include "tests/support/server_process.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace alicorn::test {
namespace {

using ::testing::PrintToString;

std::uint64_t requests_wanted() {
  const char* const text = std::getenv("ALICORN_SOAK_REQUESTS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 100'000;
}

/// Half of the clients keep their connections, half open a new one for each request.
class Soak : public ::testing::Test {
 protected:
  struct Course {
    std::string target = "/";
    std::string body = "Hello, world\n";
    int disturbances = 1;  ///< at least
    std::uint64_t lost_max = 0;
  };

  template <class Disturb>
  void run(ServerProcess& server, Disturb disturb, const Course& course) {
    Load::Shape shape;
    shape.target = course.target;
    shape.expected_body = course.body;
    Load kept(server.address(), shape);
    shape.keep_alive = false;
    Load fresh(server.address(), shape);
    const MonotonicTime begin = now();
    MonotonicTime next = begin;
    int disturbances = 0;
    constexpr milliseconds kLimit{600'000};
    EXPECT_TRUE(eventually(
        [&] {
          fewest_ = std::min(fewest_, server.workers().size());
          most_ = std::max(most_, server.workers().size());
          if (now() >= next) {
            next = now() + disturb();
            ++disturbances;
          }
          return disturbances >= course.disturbances &&
                 kept.answered() + fresh.answered() >= requests_wanted();
        },
        kLimit));
    const double seconds = std::chrono::duration<double>(now() - begin).count();
    const LoadReport one = kept.stop();
    const LoadReport two = fresh.stop();
    std::cout << disturbances << " disturbances, answered " << one.answered + two.answered
              << ", lost " << one.lost + two.lost << ", refused " << one.refused + two.refused
              << ", in " << seconds << " s; processes from " << fewest_ << " to " << most_
              << "; replaced " << server.count_in_log("is to be replaced") << ", killed "
              << server.count_in_log("was killed by SIGKILL") << '\n';
    EXPECT_LE(one.lost + two.lost, course.lost_max)
        << PrintToString(one.problems) << PrintToString(two.problems);
    EXPECT_EQ(one.refused + two.refused, 0U);
  }
  void hang_up_each_second(ServerProcess& server) {
    const auto hang_up = [&] {
      server.signal(SIGHUP);
      return milliseconds(1'000);
    };
    run(server, hang_up, {.disturbances = 20});
  }
  static milliseconds nothing() { return milliseconds(1'000); }

  std::size_t fewest_ = 1000, most_ = 0;
};

/// Handlers slow enough for a worker to live for more than a second: others would be throttled.
TEST_F(Soak, DISABLED_MaxRequests) {
  ServerProcess server(example("echo"), {"-w", "4", "--threads", "4", "--max-requests", "100"});
  run(server, nothing, {.target = "/sleep?ms=25", .body = "slept 25 ms\n"});
  EXPECT_GE(fewest_, 4U);
}

TEST_F(Soak, DISABLED_MaxWorkerRss) {
  ServerProcess server(test_app("leaks"), {"-w", "4", "--max-worker-rss", "128MiB"});
  run(server, nothing, {.body = "leaks\n"});
  EXPECT_GE(fewest_, 4U);
}

TEST_F(Soak, DISABLED_Hup) {
  ServerProcess server(example("hello_c"), {"-w", "4"});
  hang_up_each_second(server);
}

TEST_F(Soak, DISABLED_HupWithPreload) {
  ServerProcess server(example("hello_c"), {"-w", "4", "--preload"});
  hang_up_each_second(server);
}

TEST_F(Soak, DISABLED_Upgrade) {
  const TemporaryFolder folder;
  const std::string pidfile = folder / "app.pid";
  ServerProcess server(example("hello_c"), {"-w", "4", "--pidfile", pidfile});
  const auto master = [&] {
    const std::string text = read_file(pidfile);
    return text.empty() ? 0 : std::stoi(text);
  };
  std::vector<pid_t> replaced;
  const auto is_replaced = [&] {
    return master() != 0 && (replaced.empty() || master() != replaced.back());
  };
  const auto upgrade = [&] {
    if (is_replaced()) {
      replaced.push_back(master());
      ::kill(replaced.back(), SIGUSR2);
    }
    return milliseconds(1'500);
  };
  run(server, upgrade, {.disturbances = 6});
  EXPECT_GE(replaced.size(), 5U);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
  // Before it serves, the new master ends on TERM and the old one goes on.
  EXPECT_TRUE(eventually([&] { return !is_alive(replaced.back()); }));
  ::kill(master(), SIGTERM);
  EXPECT_TRUE(server.nothing_is_left());
}

TEST_F(Soak, DISABLED_BurstsOfSignals) {
  ServerProcess server(example("hello_c"), {"-w", "4"});
  run(server,
      [&] {
        for (int i = 0; i < 25; ++i) {
          for (const int number : {SIGHUP, SIGTTIN, SIGTTOU, SIGUSR1}) server.signal(number);
        }
        return milliseconds(3'000);
      },
      {});
}

TEST_F(Soak, DISABLED_TtinAndTtou) {
  ServerProcess server(example("hello_c"), {"-w", "2"});
  int turn = 0;
  run(server,
      [&] {
        server.signal(++turn % 4 < 2 ? SIGTTIN : SIGTTOU);
        return milliseconds(200);
      },
      {});
}

TEST_F(Soak, DISABLED_KilledWorkers) {
  ServerProcess server(example("hello_c"), {"-w", "4"});
  std::uint64_t kills = 0;
  const auto kill_one = [&] {
    const auto workers = server.workers();
    if (!workers.empty()) ::kill(workers[++kills * 7 % workers.size()], SIGKILL);
    return milliseconds(500);
  };
  constexpr std::uint64_t kClients = 8;
  run(server, kill_one, {.lost_max = kClients * 1'000});
  EXPECT_LE(most_, 4U);
  EXPECT_TRUE(eventually([&] { return server.workers().size() == 4; }));
}

/// From the kill of the only worker to the next answer: the client waits in the listener's backlog.
TEST_F(Soak, DISABLED_Respawn) {
  ServerProcess server(example("hello_c"), {"-w", "1"});
  std::vector<double> gaps;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(eventually([&] { return server.workers().size() == 1; }));
    std::this_thread::sleep_for(milliseconds(3'000));  // the back-off forgives one death per second
    const MonotonicTime begin = now();
    ::kill(server.workers().front(), SIGKILL);
    RawClient client(server.address());
    EXPECT_EQ(client.request(get("/")).status, 200);
    gaps.push_back(std::chrono::duration<double, std::milli>(now() - begin).count());
  }
  std::sort(gaps.begin(), gaps.end());
  std::cout << "kill -9 to the next answer: median " << gaps[gaps.size() / 2] << " ms, at most "
            << gaps.back() << " ms\n";
}

/// 50 clients send 10 MB each over ten seconds or more; others are served meanwhile.
TEST_F(Soak, DISABLED_Uploads) {
  ServerProcess server(test_app("slow"), {"-w", "1", "--limit-body-memory", "128MiB"});
  const pid_t worker = server.workers().at(0);
  constexpr std::size_t kClients = 50, kSize = 10'000'000, kPiece = 100'000;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.address()));
    clients.back()->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kSize) +
                         "\r\n\r\n");
  }
  Load::Shape shape;
  shape.expected_body = "awake\n";
  Load others(server.address(), shape);
  const std::string piece(kPiece, 'x');
  std::uint64_t most_kib = 0;
  std::vector<std::thread> senders;
  std::atomic<std::size_t> right{0}, over{0};
  for (auto& client : clients) {
    senders.emplace_back([&piece, &right, &over, raw = client.get()] {
      constexpr milliseconds kLong{120'000};
      for (std::size_t i = 0; i < kSize / kPiece; ++i) {
        if (!raw->send(piece, kLong)) break;
        std::this_thread::sleep_for(milliseconds(100));
      }
      if (raw->read_response(To::kOther, kLong).status == 200) ++right;
      ++over;
    });
  }
  constexpr milliseconds kLimit{180'000};
  EXPECT_TRUE(eventually(
      [&] {
        most_kib = std::max(most_kib, resident_kib(worker));
        return over == kClients;
      },
      kLimit));
  for (std::thread& sender : senders) sender.join();
  const LoadReport report = others.stop();
  std::cout << "uploads answered " << right << " of " << kClients << ", at most " << most_kib
            << " KiB resident; others answered " << report.answered << ", lost " << report.lost
            << '\n';
  EXPECT_EQ(right, kClients);
  EXPECT_EQ(report.lost, 0U) << PrintToString(report.problems);
  EXPECT_LT(most_kib, 200U * 1024);
}

}  // namespace
}  // namespace alicorn::test
