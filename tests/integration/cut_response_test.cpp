// If a response has no length (as to HTTP/1.0) and ends with its connection, only a reset tells the
// client that the response is incomplete.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gtest/gtest.h>

#include <string>

#include <signal.h>

namespace alicorn::test {
namespace {

class CutResponse : public ::testing::TestWithParam<const char*> {
 protected:
  static std::string stream(const std::string& chunks) {
    return "GET /stream?chunks=" + chunks + " HTTP/1.0\r\n" + GetParam() + "\r\n";
  }
  static bool ends_by_reset(RawClient& client) {
    client.read_to_end();
    return client.was_reset();
  }
};

INSTANTIATE_TEST_SUITE_P(, CutResponse, ::testing::Values("", "Connection: keep-alive\r\n"),
                         [](const auto& each) { return each.index == 0 ? "Close" : "KeepAlive"; });

TEST_P(CutResponse, EndsNormallyIfItIsComplete) {
  ServerProcess server(example("echo"), {"-w", "1"});
  RawClient client(server.address());
  client.send(stream("1000"));
  EXPECT_FALSE(ends_by_reset(client));
}

TEST_P(CutResponse, EndsWithAResetAfterRequestTimeout) {
  ServerProcess server(example("echo"), {"-w", "1", "--request-timeout", "0.3"});
  RawClient client(server.address());
  client.send(stream("100000000"));
  EXPECT_TRUE(ends_by_reset(client));
}

TEST_P(CutResponse, EndsWithAResetAfterWriteTimeout) {
  ServerProcess server(example("echo"), {"-w", "1", "--write-timeout", "0.3"});
  RawClient client(server.address(), 4096);
  client.send(stream("100000000"));
  EXPECT_TRUE(client.receives("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(ask(server.address(), get("/status")).status, 200) << "its thread is free again";
  EXPECT_TRUE(ends_by_reset(client));
}

TEST_P(CutResponse, EndsWithAResetWhenItsWorkerEnds) {
  ServerProcess server(example("echo"), {"-w", "1"});
  RawClient client(server.address(), 4096);
  client.send(stream("100000000"));
  EXPECT_TRUE(client.receives("HTTP/1.1 200 OK\r\n"));
  ::kill(server.workers().at(0), SIGKILL);
  EXPECT_TRUE(ends_by_reset(client));
}

}  // namespace
}  // namespace alicorn::test
