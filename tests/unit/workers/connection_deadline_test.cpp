// What a connection does when a time is over: whom it holds to account, and what it still sends.
#include "tests/support/worker_harness.hpp"

#include <gmock/gmock.h>

#include <string>

namespace alicorn::test {
namespace {

using ::testing::StartsWith;

WorkerSettings with_app(const std::string& path, std::uint32_t threads = 1) {
  WorkerSettings settings;
  settings.app_path = ALICORN_BINARY_DIR "/" + path;
  settings.threads = threads;
  return settings;
}
WorkerSettings stalls() {
  return with_app("tests/apps/stalls.so");
}

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

TEST(RequestDeadline, OfADeferredRequestWhoseCallbacksReturnKeepsTheWorker) {
  WorkerSettings settings = stalls();
  settings.deadlines.request = milliseconds(100);
  WorkerHarness worker(std::move(settings));
  ClientEnd client = worker.connect();
  client.send(get("/turns"));
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 504 "));
  EXPECT_TRUE(eventually([&] {
    bool over = false;
    worker.on_loop([&] { over = worker.app().calls().in_use() == 0; });
    return over;
  }));
  worker.on_loop([&] { worker.connections().sweep(to_us(now()) + 1'000'000); });
  EXPECT_EQ(worker.recyclings_asked, 0);
}

}  // namespace
}  // namespace alicorn::test
