// What the interface to apps has gained with its minor 1.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gtest/gtest.h>

#include <string>

namespace alicorn::test {
namespace {

TEST(MinorOne, TellsTheConnectionAndTheNumberOfTheRequest) {
  ServerProcess server(test_app("minor_1"), {});
  RawClient client(server.address());
  EXPECT_EQ(client.request(get("/a")).body, "known 1 |/a");
  EXPECT_EQ(client.request(get("/b")).body, "known 2 |/b");
  EXPECT_EQ(ask(server.address(), get("/c")).body, "known 1 |/c");
}

TEST(MinorOne, TellsWhereInASiteTheAppIs) {
  ServerProcess server(test_app("minor_1"),
                       {"--mount", "/shop/", "--header-map", "dangerous", "--forwarded-prefix"});
  const auto path_of = [&](const char* target, const char* field) {
    return ask(server.address(), get(target, {field})).body.substr(8);
  };
  EXPECT_EQ(path_of("/shop/cart", "X-A: 1"), "/shop|/cart");
  EXPECT_EQ(path_of("/shop", "X-A: 1"), "/shop|/");
  EXPECT_EQ(path_of("/shopping", "X-A: 1"), "/shop|/shopping");
  EXPECT_EQ(path_of("/cart", "X-A: 1"), "/shop|/cart");
  EXPECT_EQ(path_of("/other/cart", "X-Forwarded-Prefix: /other"), "/other|/other/cart")
      << "the proxy has taken its own part away";
  EXPECT_EQ(path_of("/other/cart", "Script_Name: /other"), "/other|/cart");
  for (const char* bad :
       {"no path", "//elsewhere.example", "/a//b", "/a/../b", "/.", "/a,/b", "/\"", "/<"}) {
    EXPECT_EQ(path_of("/shop/cart", ("X-Forwarded-Prefix: " + std::string(bad)).c_str()),
              "/shop|/cart");
  }
}

TEST(MinorOne, BelievesOnlyTrustedProxiesWhereTheAppIs) {
  {
    ServerProcess server(test_app("minor_1"), {});
    EXPECT_EQ(ask(server.address(), get("/a", {"X-Forwarded-Prefix: /other"})).body, "known 1 |/a")
        << "a proxy may pass on a client's";
  }
  ServerProcess server(test_app("minor_1"),
                       {"--forwarded-allow-ips", "192.0.2.1", "--forwarded-prefix"});
  EXPECT_EQ(ask(server.address(), get("/a", {"X-Forwarded-Prefix: /other"})).body, "known 1 |/a");
}

TEST(MinorOne, SendsTheReasonThatTheAppGives) {
  ServerProcess server(test_app("minor_1"), {});
  RawClient client(server.address());
  EXPECT_TRUE(client.request(get("/reason?Nowhere")).head.starts_with("HTTP/1.1 404 Nowhere\r\n"));
  EXPECT_TRUE(client.request(get("/reason")).head.starts_with("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_EQ(client.request(get("/reason?" + std::string(200, 'x'))).body, "invalid\n");
  EXPECT_TRUE(server.logs("longer than 128 bytes"));
}

TEST(MinorOne, InterruptsACallbackThatIsLate) {
  ServerProcess server(test_app("minor_1"), {"-w", "1", "--request-timeout", "0.5"});
  const auto workers = server.workers();
  EXPECT_EQ(ask(server.address(), get("/hangs")).status, 504);
  EXPECT_TRUE(server.logs("and does not return; it is being interrupted"));
  EXPECT_TRUE(server.logs("app_stack=\"innermost, line 3; caller?, line 1\""));
  EXPECT_TRUE(server.logs("returned after it was interrupted; its thread serves again"));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  EXPECT_EQ(server.workers(), workers);
}

TEST(MinorOne, ReplacesAWorkerWhoseCallbackHangsOn) {
  ServerProcess server(test_app("minor_1"), {"-w", "1", "--request-timeout", "0.5"});
  const auto workers = server.workers();
  EXPECT_EQ(ask(server.address(), get("/hangs-on")).status, 504);
  EXPECT_TRUE(server.logs("has not returned within 5 s after it was interrupted; this worker"));
  EXPECT_TRUE(eventually([&] { return server.workers() != workers; }));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

TEST(MinorOne, TellsTheAppsStackInACrash) {
  ServerProcess server(test_app("minor_1"), {"-w", "1"});
  ask(server.address(), get("/crash"));
  EXPECT_TRUE(server.logs("killed by SIGABRT"));
  EXPECT_TRUE(server.logs("app_stack=\"innermost, line 3; caller?, line 1\""));
}

}  // namespace
}  // namespace alicorn::test
