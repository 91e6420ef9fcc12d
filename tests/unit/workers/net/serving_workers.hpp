// Workers that serve, according to a load table. In tests.
#pragma once

#include "base/clock.hpp"
#include "workers/contract/load_table.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

namespace alicorn::test {

class ServingWorkers : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kOwn = 1, kGeneration = 3;

  void serves(std::uint32_t slot, std::uint32_t generation, std::uint64_t connections) {
    WorkerLoad& load = table.at(slot);
    load.generation = generation;
    load.openness = Openness::kFree;
    load.connections = connections;
    load.swept_us = to_us(time);
    load.reads_mail = 1;
  }

  LoadTable table = LoadTable::create(6).value();
  MonotonicTime time{std::chrono::hours(1)};
};

}  // namespace alicorn::test
