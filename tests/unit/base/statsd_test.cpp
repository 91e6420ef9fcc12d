#include "base/statsd.hpp"

#include "tests/support/datagram_receiver.hpp"

#include <gtest/gtest.h>

#include <string>

namespace alicorn {
namespace {

TEST(StatsdLines, HavePrefixAndTags) {
  std::string out;
  StatsdLines({}).append(out, "requests", 3, "c");
  StatsdLines({.prefix = "shop.live", .tags = "env:live,zone:b"})
      .append(out, "request.duration", "12.345", "ms");
  EXPECT_EQ(out,
            "alicorn.requests:3|c\n"
            "shop.live.alicorn.request.duration:12.345|ms|#env:live,zone:b\n");
}

TEST(StatsdLines, ShareDatagramsThatFitIntoAFrame) {
  test::DatagramReceiver statsd("127.0.0.1:0");
  DatagramSocket socket(statsd.address());
  std::string lines;
  for (std::uint64_t i = 0; i < 100; ++i) StatsdLines({}).append(lines, "number", 100 + i, "g");
  const StatsdOutcome outcome = send_lines(socket, lines);
  EXPECT_EQ(outcome.done, lines.size());
  EXPECT_EQ(outcome.error, 0);
  const std::string first = statsd.receive(), second = statsd.receive();
  EXPECT_LE(first.size(), kStatsdDatagramMax);
  EXPECT_EQ(first.back(), '\n');
  EXPECT_EQ(first + second, lines) << "two datagrams for a hundred lines";
}

}  // namespace
}  // namespace alicorn
