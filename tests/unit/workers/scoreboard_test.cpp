#include "workers/scoreboard.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <string>

namespace alicorn {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

Scoreboard make_scoreboard(std::uint32_t worker_slots, std::uint32_t calls_per_worker) {
  Result<Scoreboard> scoreboard = Scoreboard::create(worker_slots, calls_per_worker);
  EXPECT_TRUE(scoreboard.has_value());
  for (std::uint32_t slot = 0; slot < worker_slots; ++slot) scoreboard->reset(slot, 1, now());
  return std::move(*scoreboard);
}

TEST(Scoreboard, BeginsEmpty) {
  Result<Scoreboard> scoreboard = Scoreboard::create(2, 3);
  ASSERT_TRUE(scoreboard.has_value());
  EXPECT_EQ(scoreboard->worker(1).state.load(), WorkerState::kEmpty);
  EXPECT_EQ(scoreboard->worker(1).heartbeat_us.load(), 0U);
  EXPECT_EQ(scoreboard->boot_error(1), "");
  EXPECT_THAT(scoreboard->calls_in_flight(1), IsEmpty());
  EXPECT_EQ(scoreboard->count_in_flight(1), 0U);
}

TEST(Scoreboard, RefusesSizesThatCannotBe) {
  EXPECT_FALSE(Scoreboard::create(0, 1).has_value());
  EXPECT_FALSE(Scoreboard::create(1, 0).has_value());
  EXPECT_FALSE(Scoreboard::create(0xffffffff, 0xffffffff).has_value());
}

TEST(Scoreboard, CostsNoMemoryForSlotsThatNobodyTouches) {
  // 64 GiB of call slots: more than the machine would give at once.
  Result<Scoreboard> scoreboard = Scoreboard::create(4096, 65536);
  ASSERT_TRUE(scoreboard.has_value());
  scoreboard->reset(4095, 1, now());
  scoreboard->call(4095, 65535).fill("GET", "/", "id", "::1", 7);
  EXPECT_EQ(scoreboard->call(4095, 65535).started_us.load(), 7U);
}

TEST(Scoreboard, LiesBetweenPagesThatNobodyMayTouch) {
  const Scoreboard scoreboard = make_scoreboard(2, 3);
  const auto first = reinterpret_cast<std::uintptr_t>(&scoreboard.worker(0));
  std::string rights_before, rights, rights_behind;
  std::uintptr_t end_before = 0;
  std::ifstream maps("/proc/self/maps");
  for (std::string line, last; std::getline(maps, line);
       last = line.substr(line.find(' ') + 1, 4)) {
    if (!rights.empty()) {
      rights_behind = line.substr(line.find(' ') + 1, 4);
      break;
    }
    if (std::stoull(line, nullptr, 16) == first) {
      rights_before = last;
      rights = line.substr(line.find(' ') + 1, 4);
    } else {
      end_before = std::stoull(line.substr(line.find('-') + 1), nullptr, 16);
    }
  }
  EXPECT_EQ(end_before, first);
  EXPECT_EQ(rights_before, "---s");
  EXPECT_EQ(rights, "rw-s");
  EXPECT_EQ(rights_behind, "---s");
}

TEST(Scoreboard, BelievesNoHeartbeatThatLiesAhead) {
  Scoreboard scoreboard = make_scoreboard(1, 1);
  const MonotonicTime time = now();
  WorkerSlot& slot = scoreboard.worker(0);
  slot.heartbeat_us = to_us(time) - 1'000'000;
  EXPECT_EQ(to_us(slot.last_beat(time)), to_us(time) - 1'000'000);
  slot.heartbeat_us = ~std::uint64_t{0};
  EXPECT_EQ(slot.last_beat(time), time);
}

TEST(Scoreboard, ResetMakesASlotReadyForANewWorker) {
  Scoreboard scoreboard = make_scoreboard(2, 2);
  WorkerSlot& slot = scoreboard.worker(1);
  slot.requests = 5;
  slot.connections = 4;
  slot.accepted = 9;
  slot.recycling_wish = RecyclingWish::kCannotServe;
  slot.state = WorkerState::kDraining;
  scoreboard.set_boot_error(1, "no such file");
  scoreboard.call(1, 0).fill("GET", "/old", "id", "::1", 7);

  const MonotonicTime time = now();
  scoreboard.reset(1, 3, time);

  EXPECT_EQ(slot.state.load(), WorkerState::kStarting);
  EXPECT_EQ(slot.generation.load(), 3U);
  EXPECT_EQ(slot.heartbeat_us.load(), to_us(time));
  EXPECT_EQ(slot.requests.load(), 0U);
  EXPECT_EQ(slot.connections.load(), 0U);
  EXPECT_EQ(slot.accepted.load(), 0U);
  EXPECT_EQ(slot.recycling_wish.load(), RecyclingWish::kNone);
  EXPECT_EQ(scoreboard.boot_error(1), "");
  EXPECT_THAT(scoreboard.calls_in_flight(1), IsEmpty());
}

TEST(Scoreboard, LooksOnlyAtCallsThatWereEverUsed) {
  Scoreboard scoreboard = make_scoreboard(2, 8192);
  EXPECT_TRUE(scoreboard.used_calls(0).empty());
  scoreboard.call(0, 0).fill("GET", "/", "a", "::1", 1);
  scoreboard.call(0, 1).fill("GET", "/", "b", "::1", 2);
  scoreboard.call(0, 0).clear();
  EXPECT_EQ(scoreboard.used_calls(0).size(), 2U);
  EXPECT_TRUE(scoreboard.used_calls(1).empty());
}

TEST(Scoreboard, ReportsTheCallsOfOneWorkerOldestFirst) {
  Scoreboard scoreboard = make_scoreboard(2, 4);
  scoreboard.call(0, 0).fill("GET", "/other-worker", "a", "::1", 1);
  scoreboard.call(1, 0).fill("GET", "/third", "b", "::1", 30);
  scoreboard.call(1, 1).fill("POST", "/first", "c", "10.0.0.1", 10);
  scoreboard.call(1, 2).fill("GET", "/done", "d", "::1", 5);
  scoreboard.call(1, 2).clear();
  scoreboard.call(1, 3).fill("GET", "/second", "e", "::1", 20);
  scoreboard.call(1, 1).thread = 4711;

  const std::vector<CallReport> reports = scoreboard.calls_in_flight(1);
  EXPECT_THAT(reports,
              ElementsAre(Field(&CallReport::path, "/first"), Field(&CallReport::path, "/second"),
                          Field(&CallReport::path, "/third")));
  EXPECT_EQ(reports[0].method, "POST");
  EXPECT_EQ(reports[0].request_id, "c");
  EXPECT_EQ(reports[0].peer, "10.0.0.1");
  EXPECT_EQ(reports[0].started_us, 10U);
  EXPECT_EQ(reports[0].thread, 4711);
  EXPECT_THAT(scoreboard.calls_in_flight(1, 1), ElementsAre(Field(&CallReport::path, "/first")));
  EXPECT_EQ(scoreboard.count_in_flight(1), 3U);
}

TEST(Scoreboard, CutsWhatIsTooLong) {
  Scoreboard scoreboard = make_scoreboard(1, 1);
  const std::string text(1000, 'x');
  scoreboard.call(0, 0).fill(text, text, text, text, 1);
  scoreboard.set_boot_error(0, text);

  const std::vector<CallReport> reports = scoreboard.calls_in_flight(0);
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].method, std::string(sizeof(CallSlot::method) - 1, 'x'));
  EXPECT_EQ(reports[0].path, std::string(sizeof(CallSlot::path) - 1, 'x'));
  EXPECT_EQ(reports[0].request_id, std::string(sizeof(CallSlot::request_id) - 1, 'x'));
  EXPECT_EQ(reports[0].peer, std::string(sizeof(CallSlot::peer) - 1, 'x'));
  EXPECT_EQ(scoreboard.boot_error(0), std::string(sizeof(WorkerSlot::boot_error) - 1, 'x'));
}

TEST(Scoreboard, ANewCallForgetsTheOneBefore) {
  Scoreboard scoreboard = make_scoreboard(1, 1);
  scoreboard.call(0, 0).fill("OPTIONS", "/a/long/path", "long-request-id", "192.168.100.200", 1);
  scoreboard.call(0, 0).thread = 12;
  scoreboard.call(0, 0).fill("GET", "", {}, {}, 2);

  const std::vector<CallReport> reports = scoreboard.calls_in_flight(0);
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].method, "GET");
  EXPECT_EQ(reports[0].path, "");
  EXPECT_EQ(reports[0].request_id, "");
  EXPECT_EQ(reports[0].peer, "");
  EXPECT_EQ(reports[0].thread, 0);
}

TEST(Scoreboard, HoldsWhatTheAppNotesOfACall) {
  Scoreboard scoreboard = make_scoreboard(1, 1);
  CallSlot& slot = scoreboard.call(0, 0);
  slot.fill("GET", "/", "id", "::1", 1);
  slot.annotate("user", "7");
  slot.annotate("empty", "");
  EXPECT_THAT(scoreboard.calls_in_flight(0),
              ElementsAre(Field(&CallReport::annotations, "user=7, empty=")));
  for (int i = 0; i < 2; ++i) slot.annotate("long", std::string(300, 'x'));
  EXPECT_EQ(scoreboard.calls_in_flight(0).at(0).annotations,
            "user=7, empty=, long=" + std::string(sizeof CallSlot::annotations - 21, 'x'));
  slot.fill("GET", "/", "id", "::1", 2);
  EXPECT_THAT(scoreboard.calls_in_flight(0), ElementsAre(Field(&CallReport::annotations, "")));
}

TEST(Scoreboard, SurvivesAMove) {
  Scoreboard first = make_scoreboard(1, 1);
  first.call(0, 0).fill("GET", "/kept", "id", "::1", 1);
  const Scoreboard second = std::move(first);
  EXPECT_THAT(second.calls_in_flight(0), ElementsAre(Field(&CallReport::path, "/kept")));
}

}  // namespace
}  // namespace alicorn
