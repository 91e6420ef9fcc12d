// What an app may not do: the server and the test host refuse the same calls with the same errors,
// those that alicorn/app.h names, and go on. tests/apps/hostile.c has the calls.
#include "alicorn/testing.hpp"
#include "alicorn/testing/library.hpp"
#include "tests/support/worker_harness.hpp"

#include <string>

namespace alicorn::test {
namespace {

struct Case {
  const char* name;
  int status = 200;
  const char* body = "fine\n";
  const char* method = "GET";
  int http_minor = 1;
};

constexpr Case kCases[] = {{"null_request"},
                           {"copied_request"},
                           {"wrong_thread"},
                           {"headers"},
                           {"trailers", 200, ""},
                           {"bodies"},
                           {"no_body", 200, ""},
                           {"statuses"},
                           {"statuses", 200, "fine\n", "GET", 0},
                           {"lengths", 200, "12345"},
                           {"writes"},
                           {"sums", 200, "", "HEAD"},
                           {"after_the_answer"},
                           {"within_the_answer", 200, ""},
                           {"files"},
                           {"facts"},
                           {"tokens"},
                           {"null_host"},
                           {"log_lines"},
                           {"after_the_finish"},
                           {"bad_completion", 500, nullptr}};

constexpr const char* kApp = ALICORN_BINARY_DIR "/tests/apps/hostile.so";

class HostileCalls : public ::testing::TestWithParam<Case> {};

std::string name_of(const ::testing::TestParamInfo<Case>& info) {
  const Case& row = info.param;
  return std::string(row.name) + (row.http_minor == 0 ? "_http10" : "");
}

INSTANTIATE_TEST_SUITE_P(, HostileCalls, ::testing::ValuesIn(kCases), name_of);

TEST_P(HostileCalls, AreRefusedByTheServer) {
  const Case& row = GetParam();
  WorkerSettings settings;
  settings.app_path = kApp;
  WorkerHarness worker(settings);
  const auto ask = [&](const std::string& method, const std::string& path, int minor) {
    ClientEnd client = worker.connect();
    client.send(method + " /" + path + " HTTP/1." + std::to_string(minor) +
                "\r\nHost: a\r\nConnection: close\r\n\r\n");
    return client.read_to_end();
  };
  const std::string answer = ask(row.method, row.name, row.http_minor);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(row.status))) << answer;
  if (row.body != nullptr) {
    const std::size_t head_end = answer.find("\r\n\r\n");
    ASSERT_NE(head_end, answer.npos) << answer;
    EXPECT_NE(answer.find(row.body, head_end), answer.npos) << answer;
  }
  const std::string problems = ask("GET", "problems", 1);
  EXPECT_TRUE(problems.ends_with("\r\n\r\nnone\n")) << problems;
}

TEST_P(HostileCalls, AreRefusedByTheTestHost) {
  const Case& row = GetParam();
  const TestLibrary library(kApp);
  TestHost host(library.entry());
  ASSERT_EQ(host.start_error(), "");
  TestRequest request;
  request.method = row.method;
  request.target = std::string("/") + row.name;
  request.http_minor = static_cast<std::uint16_t>(row.http_minor);
  const TestAnswer answer = host.run(request);
  EXPECT_EQ(answer.status, row.status);
  if (row.body != nullptr) {
    EXPECT_EQ(answer.body, row.body);
  }
  TestRequest problems;
  problems.target = "/problems";
  EXPECT_EQ(host.run(problems).body, "none\n");
}

}  // namespace
}  // namespace alicorn::test
