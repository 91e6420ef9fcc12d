// Bodies far larger than a worker's memory may become.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace alicorn::test {
namespace {

constexpr std::uint64_t kGiB = 1ULL << 30;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kWorkerMemoryMax = 1024 * 1024;  // KiB, most of them the sanitizer's
#else
constexpr std::uint64_t kWorkerMemoryMax = 64 * 1024;  // KiB
#endif

/// The peak memory of the process, in KiB.
std::uint64_t peak_memory_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    std::uint64_t size = 0;
    if (word == "VmHWM:" && status >> size) return size;
  }
  return 0;
}

TEST(LargeBody, OfOneGibibyteIsUploadedThroughASmallWorker) {
  ServerProcess server(example("echo"), {"-w", "1", "--limit-request-body", "0"});
  const pid_t worker = server.workers().at(0);
  RawClient client(server.address());
  client.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kGiB) +
              "\r\n\r\n");
  const std::string piece(1 << 20, 'x');
  for (std::uint64_t sent = 0; sent < kGiB; sent += piece.size()) ASSERT_TRUE(client.send(piece));
  EXPECT_THAT(client.read_response().body,
              ::testing::HasSubstr("\"bytes\": " + std::to_string(kGiB)));
  EXPECT_EQ(server.workers().at(0), worker);
  EXPECT_LT(peak_memory_of(worker), kWorkerMemoryMax);
}

std::string name_of(const ::testing::TestParamInfo<const char*>& info) {
  return info.param;
}

class LargeFile : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(, LargeFile, ::testing::Values("sendfile", "copied"), name_of);

TEST_P(LargeFile, OfOneGibibyteIsSentThroughASmallWorker) {
  const TemporaryFolder folder;
  std::ofstream(folder / "sparse").close();
  std::filesystem::resize_file(folder / "sparse", kGiB);
  const bool uses_sendfile = std::string_view(GetParam()) == "sendfile";
  ServerProcess server(example("echo"), {"-w", "1"},
                       {.configuration = "sendfile: " + std::string(uses_sendfile ? "on" : "off") +
                                         "\napp: {file: \"" + (folder / "sparse") + "\"}\n"});
  const pid_t worker = server.workers().at(0);
  RawClient client(server.address());
  client.send(get("/file") + get("/status?code=201"));
  const Response head = client.read_head_alone();
  EXPECT_EQ(head.field("content-length"), std::to_string(kGiB));
  EXPECT_EQ(client.discard(kGiB), kGiB);
  EXPECT_EQ(client.read_response().status, 201) << "the stream goes on behind it";
  EXPECT_LT(peak_memory_of(worker), kWorkerMemoryMax);
}

TEST(LargeBody, OfAnEndlessStreamDoesNotPileUpInTheWorker) {
  ServerProcess server(example("echo"), {"-w", "1", "--threads", "2"});
  const pid_t worker = server.workers().at(0);
  RawClient lazy(server.address(), 4096);
  lazy.send(get("/stream?chunks=100000000"));
  EXPECT_TRUE(lazy.receives("HTTP/1.1 200 OK\r\n"));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(ask(server.address(), get("/status")).status, 200);
  }
  EXPECT_LT(peak_memory_of(worker), kWorkerMemoryMax);
  lazy.reset();
  EXPECT_EQ(ask(server.address(), get("/status")).status, 200);
}

}  // namespace
}  // namespace alicorn::test
