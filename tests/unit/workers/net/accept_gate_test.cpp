#include "workers/net/accept_gate.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace alicorn {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
using Occasion = AcceptGate::Occasion;
using Verdict = AcceptGate::Verdict;

constexpr MonotonicTime kStart{1h};

/// A worker with siblings, at a listener with a waiting client.
class AcceptGateOf : public ::testing::Test {
 protected:
  Verdict on_arrival(MonotonicTime time = kStart) {
    return gate.judge(Occasion::kArrival, own, calls, siblings, time);
  }
  Verdict on_return(MonotonicTime time = kStart) {
    gate.note_returned(++returned);
    return gate.judge(Occasion::kReturn, own, calls, siblings, time);
  }

  AcceptGate gate;
  AcceptLoad own;
  std::uint32_t calls = 0;
  std::uint64_t returned = 0;
  std::vector<AcceptLoad> siblings;
};

class AcceptGateOfABusyWorker : public AcceptGateOf {
 protected:
  AcceptGateOfABusyWorker() {
    own = {.openness = Openness::kBusy, .connections = 4};
    calls = 3;
  }
};

class AcceptGateOfAFreeWorker : public AcceptGateOf {
 protected:
  AcceptGateOfAFreeWorker() { own = {.openness = Openness::kFree, .connections = 4}; }
};

TEST_F(AcceptGateOfABusyWorker, TakesEveryClientWithEachReturnIfItHasNoSiblings) {
  EXPECT_EQ(on_arrival(), Verdict::kLeave);
  EXPECT_EQ(on_arrival(kStart + 1h), Verdict::kLeave);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(on_return(), Verdict::kTake);
  EXPECT_EQ(gate.judge(Occasion::kLongTurn, own, calls, siblings, kStart), Verdict::kTake);
}

TEST_F(AcceptGateOfABusyWorker, WaitsForAReturnIfItHasSiblings) {
  siblings = {{Openness::kBusy, 10}};
  EXPECT_EQ(on_arrival(), Verdict::kLeave);
  EXPECT_EQ(on_arrival(kStart + 1h), Verdict::kLeave);
  EXPECT_EQ(on_return(), Verdict::kTake);
}

TEST_F(AcceptGateOfABusyWorker, LeavesAClientToAFreeSibling) {
  siblings = {{Openness::kFree, 1000}};
  EXPECT_EQ(on_arrival(), Verdict::kLeave);
  EXPECT_EQ(on_return(), Verdict::kLeave);
}

TEST_F(AcceptGateOfABusyWorker, LeavesAClientToABusySiblingWithFewerConnections) {
  siblings = {{Openness::kBusy, 4}, {Openness::kBusy, 3}};
  EXPECT_EQ(on_arrival(), Verdict::kLeave);
  EXPECT_EQ(on_return(), Verdict::kLeave);
  siblings[1].connections = 4;
  EXPECT_EQ(on_return(), Verdict::kTake);
}

TEST_F(AcceptGateOfABusyWorker, IgnoresAClosedSibling) {
  siblings = {{Openness::kClosed, 0}};
  EXPECT_EQ(on_arrival(), Verdict::kLeave);
  EXPECT_EQ(on_return(), Verdict::kTake);
}

TEST_F(AcceptGateOfABusyWorker, IsPatientForOneRoundWithASiblingInLongCalls) {
  siblings = {{Openness::kBusy, 1, to_us(kStart) - 1}};
  EXPECT_EQ(on_arrival(), Verdict::kLeave);
  for (std::uint32_t i = 0; i < calls; ++i) EXPECT_EQ(on_return(), Verdict::kLeave) << i;
  EXPECT_EQ(on_return(), Verdict::kTake);
}

TEST_F(AcceptGateOfABusyWorker, IsPatientForNoMoreThanTwoRounds) {
  siblings = {{Openness::kBusy, 1, to_us(kStart) + 1}};
  EXPECT_EQ(on_arrival(), Verdict::kLeave);
  for (int client = 0; client < 2; ++client) {
    for (std::uint32_t i = 0; i < 2 * calls; ++i) EXPECT_EQ(on_return(), Verdict::kLeave) << i;
    EXPECT_EQ(on_return(), Verdict::kTake);
    EXPECT_EQ(on_arrival(), Verdict::kLeave);
  }
}

TEST_F(AcceptGateOfABusyWorker, CountsConnectionsOnlyAfterALongTurn) {
  siblings = {{Openness::kFree, 5}};
  EXPECT_EQ(gate.judge(Occasion::kReturn, own, calls, siblings, kStart), Verdict::kLeave);
  EXPECT_EQ(gate.judge(Occasion::kLongTurn, own, calls, siblings, kStart), Verdict::kTake);
  siblings[0].connections = 3;
  EXPECT_EQ(gate.judge(Occasion::kLongTurn, own, calls, siblings, kStart), Verdict::kLeave);
}

TEST_F(AcceptGateOfABusyWorker, ConsidersOnlyActiveSiblingsInTheSecondRound) {
  siblings = {{Openness::kBusy, 1, to_us(kStart) - 1}, {Openness::kBusy, 3, to_us(kStart) + 1}};
  EXPECT_EQ(on_arrival(), Verdict::kLeave);
  for (std::uint32_t i = 0; i <= calls; ++i) EXPECT_EQ(on_return(), Verdict::kLeave) << i;
  siblings[1].connections = 4;
  EXPECT_EQ(on_return(), Verdict::kTake);
}

TEST_F(AcceptGateOfABusyWorker, CountsTheRoundFromTheFirstClientItLeft) {
  siblings = {{Openness::kBusy, 1}};
  gate.note_returned(returned += 100);
  EXPECT_EQ(on_arrival(), Verdict::kLeave);
  EXPECT_EQ(on_return(), Verdict::kLeave);
  gate.note_nobody_waits();
  EXPECT_EQ(on_arrival(), Verdict::kLeave);
  for (std::uint32_t i = 0; i < calls; ++i) EXPECT_EQ(on_return(), Verdict::kLeave) << i;
  EXPECT_EQ(on_return(), Verdict::kTake);
}

TEST_F(AcceptGateOfAFreeWorker, TakesAClientAtOnceIfNoSiblingIsBetter) {
  siblings = {{Openness::kFree, 4}, {Openness::kBusy, 0}, {Openness::kClosed, 0}};
  EXPECT_EQ(on_arrival(), Verdict::kTake);
}

TEST_F(AcceptGateOfAFreeWorker, LeavesAClientForAMillisecondToAFreeSiblingWithFewerConnections) {
  siblings = {{Openness::kFree, 3}};
  EXPECT_EQ(on_arrival(), Verdict::kLeave);
  EXPECT_EQ(on_arrival(kStart + 999us), Verdict::kLeave);
  EXPECT_EQ(on_arrival(kStart + 1ms), Verdict::kTake);
  gate.note_nobody_waits();
  EXPECT_EQ(on_arrival(kStart + 2ms), Verdict::kLeave);
}

TEST_F(AcceptGateOfAFreeWorker, HasNoPatienceLeftAfterABusyTime) {
  siblings = {{Openness::kFree, 3}};
  own.openness = Openness::kBusy;
  calls = 1000;
  EXPECT_EQ(on_arrival(), Verdict::kLeave);
  own.openness = Openness::kFree;
  EXPECT_EQ(on_arrival(kStart + 1ms), Verdict::kTake);
}

}  // namespace
}  // namespace alicorn
