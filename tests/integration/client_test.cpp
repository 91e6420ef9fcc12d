// Common clients: curl, Python's http.client, wrk. A test is skipped if its client is not
// installed.
#include "tests/support/real_clients.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

class Curl : public ::testing::Test {
 protected:
  void SetUp() override { SKIP_WITHOUT("curl"); }
  std::string url(const std::string& path) const { return url_of(server.address(), path); }

  TemporaryFolder folder;
  ServerProcess server{example("echo"), {"-w", "2", "--threads", "2"}};
};

TEST_F(Curl, Gets) {
  EXPECT_THAT(curl({"-i", url("/status?code=201")}), StartsWith("HTTP/1.1 201 Created\r\n"));
}

TEST_F(Curl, SendsHead) {
  EXPECT_THAT(curl({"-I", url("/large?bytes=1000000")}), HasSubstr("Content-Length: 1000000\r\n"));
}

TEST_F(Curl, PostsTenMegabytes) {
  const std::string file = write_megabytes(folder / "body", 10);
  EXPECT_THAT(curl({"--data-binary", "@" + file, url("/upload")}),
              HasSubstr("\"bytes\": 10485760"));
  curl({"--data-binary", "@" + file, "-o", folder / "echoed", url("/echo")});
  EXPECT_TRUE(read_file(folder / "echoed") == read_file(file));
}

TEST_F(Curl, WaitsFor100Continue) {
  const std::string conversation =
      curl({"-v", "-H", "Expect: 100-continue", "--data-binary", "abc", url("/upload")});
  EXPECT_THAT(conversation, HasSubstr("< HTTP/1.1 100 Continue"));
  EXPECT_THAT(conversation, HasSubstr("\"bytes\": 3"));
}

TEST_F(Curl, UploadsInChunks) {
  const std::string file = write_megabytes(folder / "body", 3);
  curl({"-H", "Transfer-Encoding: chunked", "-T", file, "-o", folder / "echoed", url("/echo")});
  EXPECT_TRUE(read_file(folder / "echoed") == read_file(file));
}

TEST_F(Curl, KeepsTheConnection) {
  EXPECT_THAT(curl({"-v", url("/status"), url("/stream?chunks=3"), url("/trailers")}),
              HasSubstr("Re-using existing connection"));
}

TEST_F(Curl, SpeaksHttp10) {
  EXPECT_THAT(curl({"-0", url("/stream?chunks=2")}), HasSubstr("chunk 1\nchunk 2\n"));
}

TEST_F(Curl, ConnectsToAUnixSocket) {
  const std::string path = folder / "app.sock";
  ServerProcess local(example("echo"), {"-b", "unix:" + path});
  EXPECT_EQ(curl({"--unix-socket", path, "http://any/status"}), "status 200\n");
}

TEST(PythonClient, IsServedInAllWaysOnOneConnection) {
  SKIP_WITHOUT("python3");
  ServerProcess server(example("echo"), {});
  const CommandResult result =
      run_command({"python3", ALICORN_SOURCE_DIR "/tests/integration/clients/http_client.py",
                   server.address().ip(), std::to_string(server.address().port())});
  EXPECT_EQ(result.ending.exit_code, 0) << result.output;
}

class Wrk : public ::testing::Test {
 protected:
  void SetUp() override { SKIP_WITHOUT("wrk"); }
};

TEST_F(Wrk, SeesNoErrorDuringAReloadEither) {
  ServerProcess server(example("hello_c"), {"-w", "2"});
  const TemporaryFolder folder;
  ChildProcess wrk(
      {.arguments = {"wrk", "-t", "1", "-c", "16", "-d", "3s", url_of(server.address(), "/")},
       .output_path = folder / "output"});
  for (std::size_t i = 1; i <= 2; ++i) {
    server.signal(SIGHUP);
    EXPECT_TRUE(server.logs("workers in place", i + 1));
  }
  ASSERT_TRUE(wrk.wait());
  const std::string report = read_file(folder / "output");
  EXPECT_THAT(report, HasSubstr("requests in"));
  EXPECT_THAT(report, Not(HasSubstr("Socket errors"))) << report;
  EXPECT_THAT(report, Not(HasSubstr("Non-2xx"))) << report;
}

}  // namespace
}  // namespace alicorn::test
