// What it costs that the master can name each request in flight.
#include "workers/contract/scoreboard.hpp"

#include <benchmark/benchmark.h>

namespace alicorn {
namespace {

void scoreboard_fill_and_clear(benchmark::State& state) {
  auto board = WorkerBoard::create(now());
  if (!board) return state.SkipWithError("no memory for a board");
  CallSlot& slot = board->call(0);
  std::uint64_t started_us = 0;
  for (auto _ : state) {
    slot.fill("GET", "/api/orders/17", "0123456789abcdef0123456789abcdef", "203.0.113.195",
              ++started_us);
    benchmark::ClobberMemory();
    slot.clear();
    benchmark::ClobberMemory();
  }
}
BENCHMARK(scoreboard_fill_and_clear);

}  // namespace
}  // namespace alicorn
