#include "workers/contract/scoreboard.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace alicorn {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

std::uint64_t virtual_size() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

WorkerBoard make_board(std::uint32_t calls_max) {
  Result<WorkerBoard> board = WorkerBoard::create(now(), WorkerBoard::Sharing::kByFork, calls_max);
  EXPECT_TRUE(board.has_value());
  return std::move(*board);
}

TEST(WorkerBoard, BeginsEmpty) {
  const MonotonicTime time = now();
  Result<WorkerBoard> board = WorkerBoard::create(time, WorkerBoard::Sharing::kByFork, 3);
  ASSERT_TRUE(board.has_value());
  EXPECT_EQ(board->worker().state.load(), WorkerState::kStarting);
  EXPECT_EQ(board->worker().heartbeat_us.load(), to_us(time));
  EXPECT_EQ(board->worker().admitted.load(), 0);
  EXPECT_EQ(board->boot_error(), "");
  EXPECT_FALSE(board->crash_report().has_happened());
  EXPECT_THAT(board->calls_in_flight(), IsEmpty());
  EXPECT_EQ(board->count_in_flight(), 0U);
  EXPECT_FALSE(board->take_fd()) << "the worker has it by its fork";
}

/// During a reload a server with four workers has eight boards.
TEST(WorkerBoard, ReservesNoMoreThanAWorkerCanUse) {
  const std::size_t size =
      std::size_t{kCallsMax} * sizeof(CallSlot) + sizeof(WorkerSlot) + sizeof(CrashRecord);
  const std::uint64_t before = virtual_size();
  const Result<WorkerBoard> board = WorkerBoard::create(now());
  ASSERT_TRUE(board.has_value());
  EXPECT_LE(virtual_size(), before + size + 64 * 1024);
  EXPECT_LT(size, std::size_t{5} << 20);
}

TEST(WorkerBoard, TakesNoMemoryForUnusedCalls) {
  // 32 GiB of call slots: more than the machine could provide.
  Result<WorkerBoard> board =
      WorkerBoard::create(now(), WorkerBoard::Sharing::kByDescriptor, 64 << 20);
  ASSERT_TRUE(board.has_value());
  board->call((64 << 20) - 1).fill("GET", "/", "id", "::1", 7);
  EXPECT_EQ(board->call((64 << 20) - 1).started_us.load(), 7U);
}

TEST(WorkerBoard, LiesBetweenInaccessiblePages) {
  const WorkerBoard board = make_board(3);
  const auto first = reinterpret_cast<std::uintptr_t>(&board.worker());
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
  EXPECT_EQ(rights_before, "---p");
  EXPECT_EQ(rights, "rw-s");
  EXPECT_EQ(rights_behind, "---p");
}

TEST(WorkerBoard, IsSharedThroughItsDescriptor) {
  auto master = WorkerBoard::create(now(), WorkerBoard::Sharing::kByDescriptor, 2);
  ASSERT_TRUE(master.has_value());
  const UniqueFd fd = master->take_fd();
  ASSERT_TRUE(fd);
  auto worker = WorkerBoard::map(fd.get(), 2);
  ASSERT_TRUE(worker.has_value());
  worker->call(1).fill("GET", "/shared", "id", "::1", 7);
  worker->call(0).fill("GET", "/first", "id", "::1", 6);
  EXPECT_EQ(master->count_in_flight(), 2U);
  master->worker().admitted = 4711;
  EXPECT_EQ(worker->worker().admitted.load(), 4711);
}

/// The master would die of SIGBUS.
TEST(WorkerBoard, CannotBeCutShort) {
  auto board = WorkerBoard::create(now(), WorkerBoard::Sharing::kByDescriptor, 2);
  ASSERT_TRUE(board.has_value());
  const UniqueFd fd = board->take_fd();
  EXPECT_EQ(::ftruncate(fd.get(), 0), -1);
  EXPECT_EQ(::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE), -1) << "nor frozen";
}

/// LimitFSIZE= is meant for the logs.
TEST(WorkerBoard, IsNotLimitedByTheMaximumFileSize) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 4096, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto by_descriptor = WorkerBoard::create(now(), WorkerBoard::Sharing::kByDescriptor);
  const auto by_fork = WorkerBoard::create(now());
  rlimit after{};
  ::getrlimit(RLIMIT_FSIZE, &after);
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_TRUE(by_descriptor.has_value());
  EXPECT_TRUE(by_fork.has_value());
  EXPECT_EQ(after.rlim_cur, small.rlim_cur);
}

TEST(WorkerBoard, IgnoresAHeartbeatInTheFuture) {
  WorkerBoard board = make_board(1);
  const MonotonicTime time = now();
  WorkerSlot& slot = board.worker();
  slot.heartbeat_us = to_us(time) - 1'000'000;
  EXPECT_EQ(to_us(slot.last_beat(time)), to_us(time) - 1'000'000);
  slot.heartbeat_us = ~std::uint64_t{0};
  EXPECT_EQ(slot.last_beat(time), time);
}

TEST(WorkerBoard, IgnoresAnUnknownWish) {
  WorkerSlot slot;
  slot.recycling_wish = RecyclingWish::kCannotServe;
  EXPECT_EQ(slot.wish(), RecyclingWish::kCannotServe);
  slot.recycling_wish = static_cast<RecyclingWish>(77);
  EXPECT_EQ(slot.wish(), RecyclingWish::kNone);
}

TEST(WorkerBoard, LooksOnlyAtUsedCalls) {
  WorkerBoard board = make_board(8192);
  EXPECT_TRUE(board.used_calls().empty());
  board.call(0).fill("GET", "/", "a", "::1", 1);
  board.call(1).fill("GET", "/", "b", "::1", 2);
  board.call(0).clear();
  EXPECT_EQ(board.used_calls().size(), 2U);
}

TEST(WorkerBoard, ReportsTheCallsOfOneWorkerOldestFirst) {
  WorkerBoard board = make_board(4);
  board.call(0).fill("GET", "/third", "b", "::1", 30);
  board.call(1).fill("POST", "/first", "c", "10.0.0.1", 10);
  board.call(2).fill("GET", "/done", "d", "::1", 5);
  board.call(2).clear();
  board.call(3).fill("GET", "/second", "e", "::1", 20);
  board.call(1).thread = 4711;

  const std::vector<CallReport> reports = board.calls_in_flight();
  EXPECT_THAT(reports,
              ElementsAre(Field(&CallReport::path, "/first"), Field(&CallReport::path, "/second"),
                          Field(&CallReport::path, "/third")));
  EXPECT_EQ(reports[0].method, "POST");
  EXPECT_EQ(reports[0].request_id, "c");
  EXPECT_EQ(reports[0].peer, "10.0.0.1");
  EXPECT_EQ(reports[0].started_us, 10U);
  EXPECT_EQ(reports[0].thread, 4711);
  EXPECT_THAT(board.calls_in_flight(1), ElementsAre(Field(&CallReport::path, "/first")));
  EXPECT_EQ(board.count_in_flight(), 3U);
}

TEST(WorkerBoard, CutsLongTexts) {
  WorkerBoard board = make_board(1);
  const std::string text(1000, 'x');
  board.call(0).fill(text, text, text, text, 1);
  board.set_boot_error(text);

  const std::vector<CallReport> reports = board.calls_in_flight();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].method, std::string(sizeof(CallSlot::method) - 1, 'x'));
  EXPECT_EQ(reports[0].path, std::string(sizeof(CallSlot::path) - 1, 'x'));
  EXPECT_EQ(reports[0].request_id, std::string(sizeof(CallSlot::request_id) - 1, 'x'));
  EXPECT_EQ(reports[0].peer, std::string(sizeof(CallSlot::peer) - 1, 'x'));
  EXPECT_EQ(board.boot_error(), std::string(sizeof(WorkerSlot::boot_error) - 1, 'x'));
}

TEST(WorkerBoard, ForgetsThePreviousCallOfASlot) {
  WorkerBoard board = make_board(1);
  board.call(0).fill("OPTIONS", "/a/long/path", "long-request-id", "192.168.100.200", 1);
  board.call(0).thread = 12;
  board.call(0).fill("GET", "", {}, {}, 2);

  const std::vector<CallReport> reports = board.calls_in_flight();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].method, "GET");
  EXPECT_EQ(reports[0].path, "");
  EXPECT_EQ(reports[0].request_id, "");
  EXPECT_EQ(reports[0].peer, "");
  EXPECT_EQ(reports[0].thread, 0);
}

TEST(WorkerBoard, KeepsTheAnnotationsOfACall) {
  WorkerBoard board = make_board(1);
  CallSlot& slot = board.call(0);
  slot.fill("GET", "/", "id", "::1", 1);
  slot.annotate("user", "7");
  slot.annotate("empty", "");
  EXPECT_THAT(board.calls_in_flight(),
              ElementsAre(Field(&CallReport::annotations, "user=7, empty=")));
  for (int i = 0; i < 2; ++i) slot.annotate("long", std::string(300, 'x'));
  EXPECT_EQ(board.calls_in_flight().at(0).annotations,
            "user=7, empty=, long=" + std::string(sizeof CallSlot::annotations - 21, 'x'));
  slot.fill("GET", "/", "id", "::1", 2);
  EXPECT_THAT(board.calls_in_flight(), ElementsAre(Field(&CallReport::annotations, "")));
}

TEST(WorkerBoard, SurvivesAMove) {
  WorkerBoard first = make_board(1);
  first.call(0).fill("GET", "/kept", "id", "::1", 1);
  const WorkerBoard second = std::move(first);
  EXPECT_THAT(second.calls_in_flight(), ElementsAre(Field(&CallReport::path, "/kept")));
}

}  // namespace
}  // namespace alicorn
