// At steady state a request allocates nothing on the threads of the loop and the app; and an app is
// told when memory runs out. A separate executable because it replaces malloc.
#include "tests/support/temporary_folder.hpp"
#include "tests/support/worker_harness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

namespace {

thread_local bool counted = false;
std::atomic<std::uint64_t> allocations{0};

thread_local std::int32_t allocations_left = -1;  // negative: any number

void count() {
  if (counted) allocations.fetch_add(1, std::memory_order_relaxed);
}
bool is_refused() {
  return allocations_left >= 0 && allocations_left-- == 0;
}
void let_allocate(std::int32_t times) {
  allocations_left = times;
}

}  // namespace

// glibc's own functions under their exported names. operator new calls malloc.
extern "C" {
void* __libc_malloc(std::size_t size);                           // NOLINT
void* __libc_calloc(std::size_t number, std::size_t size);       // NOLINT
void* __libc_realloc(void* memory, std::size_t size);            // NOLINT
void* __libc_memalign(std::size_t alignment, std::size_t size);  // NOLINT

__attribute__((visibility("default"))) void* malloc(std::size_t size) {
  count();
  if (is_refused()) return nullptr;
  return __libc_malloc(size);
}
__attribute__((visibility("default"))) void* calloc(std::size_t number, std::size_t size) {
  count();
  if (is_refused()) return nullptr;
  return __libc_calloc(number, size);
}
__attribute__((visibility("default"))) void* realloc(void* memory, std::size_t size) {
  count();
  if (is_refused()) return nullptr;
  return __libc_realloc(memory, size);
}
__attribute__((visibility("default"))) void* aligned_alloc(std::size_t alignment,
                                                           std::size_t size) {
  count();
  if (is_refused()) return nullptr;
  return __libc_memalign(alignment, size);
}
}

namespace alicorn::test {
namespace {

constexpr std::string_view kHello = "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n";
constexpr std::string_view kTenFields =
    "GET /path/to/page?query=1 HTTP/1.1\r\nHost: www.example.org\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://www.example.org/path/to/other/page\r\nConnection: keep-alive\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes\r\n"
    "X-Forwarded-For: 203.0.113.7\r\nX-Request-Id: 7f3a1c2e-9b0d-4e5f-8a6b-1c2d3e4f5a6b\r\n\r\n";

/// Number of allocations for a series of requests on one connection: the fewest of some series. On
/// a loaded machine a call may be late by chance, and its thread gives the lead to another one.
std::uint64_t allocations_of(WorkerSettings settings, std::string_view request) {
  constexpr int kSeries = 4, kRequests = 500;
  settings.app_path = ALICORN_BINARY_DIR "/examples/hello_c/hello_c.so";
  WorkerHarness worker(std::move(settings), [] { counted = true; });
  ClientEnd client = worker.connect();
  std::uint64_t fewest = UINT64_MAX;
  for (int series = -1; series < kSeries; ++series) {  // -1: to warm up
    const std::uint64_t before = allocations;
    for (int i = 0; i < kRequests; ++i) {
      client.send(request);
      if (client.read_through("Hello, world\n").empty()) {
        ADD_FAILURE() << "no answer";
        return 0;
      }
    }
    if (series < 0) {
      EXPECT_GT(allocations, 0U);  // otherwise nothing is counted at all
    } else {
      fewest = std::min<std::uint64_t>(fewest, allocations - before);
    }
  }
  return fewest;
}

TEST(Allocation, IsNotNeededForARequest) {
  EXPECT_EQ(allocations_of({}, kHello), 0U);
}

TEST(Allocation, IsNotNeededForTenFields) {
  EXPECT_EQ(allocations_of({}, kTenFields), 0U);
}

TEST(Allocation, IsNotNeededForTheAccessLog) {
  const TemporaryFolder folder;
  for (const bool json : {false, true}) {
    WorkerSettings settings;
    settings.access_log.path = folder / "access.log";
    settings.access_log.json = json;
    EXPECT_EQ(allocations_of(settings, kTenFields), 0U) << "json: " << json;
  }
}

TEST(Allocation, IsNotNeededForSyslogAndStatsd) {
  const TemporaryFolder folder;
  WorkerSettings settings;
  settings.access_log.syslog.enabled = true;
  settings.access_log.syslog.address = *Address::parse("unix:" + (folder / "nobody"));
  settings.statsd.enabled = true;
  settings.statsd.address = settings.access_log.syslog.address;
  EXPECT_EQ(allocations_of(settings, kTenFields), 0U);
}

TEST(ShortMemory, IsReportedToTheAppAndNothingIsLost) {
  WorkerSettings settings;
  settings.app_path = ALICORN_BINARY_DIR "/tests/apps/short_memory.so";
  settings.app_config = {
      {"let_allocate", std::to_string(reinterpret_cast<std::uintptr_t>(&let_allocate))}};
  WorkerHarness worker(std::move(settings));
  ClientEnd client = worker.connect();
  for (const std::string path : {"/lend", "/respond", "/write", "/end", "/interim", "/annotate",
                                 "/after_response", "/resume"}) {
    client.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    client.send("GET /counts HTTP/1.1\r\nHost: a\r\n\r\n");
    client.read_through("refused ");
    const std::string counts = client.read_through("\n");
    EXPECT_THAT(counts, ::testing::MatchesRegex("[1-9][0-9]* times, released as it should\n"))
        << path;
  }
}

}  // namespace
}  // namespace alicorn::test
