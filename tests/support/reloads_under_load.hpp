// A load test that several proxies share. In tests.
#pragma once

#include "tests/support/load.hpp"
#include "tests/support/server_process.hpp"

#include <gtest/gtest.h>

namespace alicorn::test {

/// Reloads three times while clients request the echo app's /status through a proxy.
inline void expect_reloads_lose_nothing(const ServerProcess& server, const Address& proxy) {
  Load load(proxy, {.target = "/status", .expected_body = "status 200\n"});
  for (std::size_t i = 1; i <= 3; ++i) {
    server.signal(SIGHUP);
    EXPECT_TRUE(server.logs("workers in place", i + 1));
  }
  EXPECT_TRUE(load.goes_on());
  const LoadReport report = load.stop();
  EXPECT_EQ(report.lost, 0U) << ::testing::PrintToString(report.problems);
  EXPECT_EQ(report.refused, 0U);
}

}  // namespace alicorn::test
