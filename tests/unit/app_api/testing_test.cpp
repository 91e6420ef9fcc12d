// The test host's own rules, tried with apps in plain C style.
#include "alicorn/testing.hpp"

#include "alicorn/testing/library.hpp"
#include "tests/unit/app_api/built_files.hpp"
#include "tests/unit/app_api/test_entry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace alicorn {
namespace {

using test::entry_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::int32_t hello(alicorn_request* request) {
  return alicorn_respond(request, 200, "text/plain", alicorn_text("Hello, world\n"));
}

TEST(TestHost, AnswersAsTheAppDoes) {
  TestHost host(entry_of([](alicorn_request* r) { return hello(r); }));
  const TestAnswer answer = host.run({});
  EXPECT_TRUE(answer.ok()) << answer.mistakes_text();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "Hello, world\n");
  EXPECT_EQ(answer.header("content-type"), "text/plain");
  EXPECT_EQ(host.run({.method = "HEAD"}).body, "");
}

TEST(TestHost, ShowsTheWholeRequest) {
  TestHost host(entry_of([](alicorn_request* r) {
    EXPECT_TRUE(alicorn_equals(r->target, "/a/b?c=d"));
    EXPECT_TRUE(alicorn_equals(r->path, "/a/b"));
    EXPECT_TRUE(alicorn_equals(r->query, "c=d"));
    EXPECT_EQ(r->method_id, ALICORN_METHOD_POST);
    EXPECT_TRUE(alicorn_equals(alicorn_header(r, "x-two"), "1"))
        << "the first, its name in lower case";
    EXPECT_EQ(r->header_count, 2U);
    EXPECT_EQ(alicorn_header(r, "none").data, nullptr);
    EXPECT_TRUE(alicorn_equals(r->body, "ab"));
    EXPECT_EQ(r->content_length, -1) << "it came in pieces";
    EXPECT_EQ(r->trailer_count, 1U);
    EXPECT_TRUE(ALICORN_HAS(r->host, request_recycle));
    return hello(r);
  }));
  const TestAnswer answer = host.run({.method = "POST",
                                      .target = "/a/b?c=d",
                                      .headers = {{"X-Two", "1"}, {"X-Two", "2"}},
                                      .pieces = {"a", "b"},
                                      .trailers = {{"X-Sum", "9"}}});
  EXPECT_TRUE(answer.ok()) << answer.mistakes_text();
}

TEST(TestHost, TakesAReasonBeforeTheResponse) {
  TestHost host(entry_of([](alicorn_request* r) {
    const auto set = [r](std::string_view text) {
      return r->host->set_reason(r, {text.data(), text.size()});
    };
    EXPECT_EQ(set("Not\r\nHere"), ALICORN_ERROR_INVALID);
    EXPECT_EQ(set(std::string(129, 'x')), ALICORN_ERROR_INVALID);
    EXPECT_EQ(set("Not Here"), ALICORN_OK);
    hello(r);
    return set("Too Late") == ALICORN_ERROR_STATE ? ALICORN_OK : ALICORN_ERROR;
  }));
  const TestAnswer answer = host.run({});
  EXPECT_EQ(answer.reason, "Not Here");
  EXPECT_THAT(answer.mistakes,
              ElementsAre(HasSubstr("set_reason: longer"), HasSubstr("set_reason: longer"),
                          HasSubstr("set_reason: there is a response already")));
}

/// An app that needs minor 1 is refused by an older host, as by an older server.
TEST(TestHost, IsAsOldAsIsAskedFor) {
  static alicorn_app app{};
  app.struct_size = sizeof(app);
  app.abi_major = ALICORN_ABI_MAJOR;
  app.abi_minor = 1;
  app.on_request = hello;
  TestHost host([](const alicorn_host*) -> const alicorn_app* { return &app; }, {.host_minor = 0});
  EXPECT_FALSE(host.run({}).ok());
}

TEST(TestHost, HoldsBadOutputAgainstTheApp) {
  const TestLibrary library(test::test_app("bad_output"));
  TestHost host(library.entry());
  const std::pair<const char*, const char*> kBad[] = {
      {"/value-crlf", "control character"},
      {"/name-crlf", "no token"},
      {"/name-space", "no token"},
      {"/connection", "the server's to set"},
      {"/chunked", "the server's to set"},
      {"/length-long", "Content-Length says 10"},
      {"/length-short", "Content-Length says 2"},
      {"/status-low", "not 200 to 599"},
      {"/status-high", "not 200 to 599"},
      {"/nothing", "without a response and without defer()"},
      {"/fail", "returned -1"}};
  for (const auto& [path, sentence] : kBad) {
    const TestAnswer answer = host.run({.target = path});
    EXPECT_FALSE(answer.ok()) << path;
    EXPECT_EQ(answer.status, 500) << path;
    EXPECT_EQ(answer.body, "") << path;
    ASSERT_FALSE(answer.mistakes.empty()) << path;
    EXPECT_THAT(answer.mistakes[0], HasSubstr(sentence)) << path;
  }
}

TEST(TestHost, CutsAStreamThatFails) {
  const TestLibrary library(test::test_app("bad_output"));
  TestHost host(library.entry());
  for (const char* path : {"/stream-short", "/stream-unended", "/fail-begun"}) {
    const TestAnswer answer = host.run({.target = path});
    EXPECT_FALSE(answer.is_whole) << path;
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_FALSE(answer.mistakes.empty()) << path;
  }
  EXPECT_EQ(host.run({.target = "/stream-long"}).body, "1234567890");
}

TEST(TestHost, LetsAnAppRecoverFromAnInvalidResponseButNotForgetIt) {
  const TestLibrary library(test::test_app("bad_output"));
  TestHost host(library.entry());
  const TestAnswer recovered = host.run({.target = "/recover"});
  EXPECT_EQ(recovered.status, 200);
  EXPECT_EQ(recovered.body, "recovered\n");
  EXPECT_TRUE(recovered.is_whole);
  EXPECT_EQ(recovered.mistakes.size(), 1U);
  EXPECT_THAT(host.run({.target = "/twice"}).mistakes[0], HasSubstr("a response already"));
  const TestAnswer late = host.run({.target = "/fail-answered"});
  EXPECT_TRUE(late.is_whole) << "the client has its answer";
  EXPECT_FALSE(late.ok());
}

TEST(TestHost, ReleasesExactlyOnceWhateverTheCallReturns) {
  static int released = 0;
  TestHost host(entry_of([](alicorn_request* r) {
    const alicorn_buffer body{"x", 1, [](void* context) { ++*static_cast<int*>(context); },
                              &released};
    EXPECT_EQ(r->host->respond(r, 99, nullptr, 0, &body), ALICORN_ERROR_INVALID);
    EXPECT_EQ(released, 1);
    EXPECT_EQ(r->host->write(r, &body, 1), ALICORN_ERROR_STATE);
    EXPECT_EQ(released, 2);
    EXPECT_EQ(r->host->respond(nullptr, 200, nullptr, 0, &body), ALICORN_ERROR_THREAD);
    EXPECT_EQ(released, 3);
    EXPECT_EQ(r->host->complete(r->host, 12345, 200, nullptr, 0, &body), ALICORN_ERROR_GONE);
    EXPECT_EQ(released, 4);
    EXPECT_EQ(r->host->respond(r, 200, nullptr, 0, &body), ALICORN_OK);
    EXPECT_EQ(r->host->respond(r, 200, nullptr, 0, &body), ALICORN_ERROR_STATE);
    return std::int32_t{ALICORN_OK};
  }));
  EXPECT_EQ(host.run({}).body, "x");
  EXPECT_EQ(released, 6);
}

TEST(TestHost, KeepsTheThreadRule) {
  TestHost host(entry_of([](alicorn_request* r) {
    std::thread([r] { EXPECT_EQ(hello(r), ALICORN_ERROR_THREAD); }).join();
    alicorn_request copy = *r;
    EXPECT_EQ(hello(&copy), ALICORN_ERROR_THREAD);
    return hello(r);
  }));
  const TestAnswer answer = host.run({});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.mistakes.size(), 2U);
}

std::int32_t pull(alicorn_request* r) {
  alicorn_string piece;
  std::string all;
  std::int32_t result = ALICORN_OK;
  while ((result = r->host->body_next(r, &piece)) == ALICORN_OK)
    all.append(view_of(piece)).append("|");
  if (result < 0) return result;
  EXPECT_EQ(r->trailer_count, 1U);
  EXPECT_EQ(r->host->body_next(r, &piece), ALICORN_END) << "again and again";
  return alicorn_respond(r, 200, "text/plain", string_of(all));
}

TEST(TestHost, GivesAStreamedBodyPieceByPiece) {
  TestHost host(entry_of<ALICORN_APP_STREAM_BODY>([](alicorn_request* r) { return pull(r); }));
  TestRequest request{.method = "POST", .pieces = {"one", "", "two"}, .trailers = {{"a", "b"}}};
  EXPECT_EQ(host.run(request).body, "one|two|");
  request.body_is_cut = true;
  const TestAnswer cut = host.run(request);
  EXPECT_FALSE(cut.is_whole);
  EXPECT_TRUE(cut.mistakes.empty()) << "GONE is not held against the app";
}

TEST(TestHost, GivesABufferedBodyAsOnePiece) {
  TestHost host(entry_of([](alicorn_request* r) { return pull(r); }));
  EXPECT_EQ(host.run({.method = "POST", .body = "onetwo", .trailers = {{"a", "b"}}}).body,
            "onetwo|");
}

TEST(TestHost, NeverLetsTheLoopWait) {
  TestHost host(entry_of<ALICORN_APP_STREAM_BODY, ALICORN_RUN_LOOP>(
      [](alicorn_request* r) { return pull(r); }));
  EXPECT_THAT(host.run({.pieces = {"x"}}).mistakes[0], HasSubstr("would block the loop"));
}

TEST(TestHost, RunsAfterResponseLastAndAlsoOnFailure) {
  static std::vector<int> order;
  order.clear();
  TestHost host(entry_of([](alicorn_request* r) -> std::int32_t {
    const auto on_event = [](void*, alicorn_request*, std::int32_t) -> std::int32_t {
      order.push_back(0);
      return 0;
    };
    for (static int numbers[] = {1, 2}; int& number : numbers) {
      r->host->after_response(
          r, [](void* context) { order.push_back(*static_cast<int*>(context)); }, &number);
    }
    r->host->defer(r, on_event, nullptr);
    return ALICORN_ERROR;
  }));
  EXPECT_EQ(host.run({}).status, 500);
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST(TestHost, HasPatienceOnlyForSoLong) {
  TestHost host(entry_of([](alicorn_request* r) { return r->host->defer(r, nullptr, nullptr); }),
                {.patience = std::chrono::milliseconds(1)});
  EXPECT_THAT(host.run({}).mistakes[0], HasSubstr("not finished within 1 ms"));
}

TEST(TestHost, TakesLogAnnotationsConfigurationAndRecycling) {
  TestHost host(entry_of([](alicorn_request* r) -> std::int32_t {
                  alicorn_string value;
                  EXPECT_EQ(r->host->config_get(r->host, alicorn_text("none"), &value),
                            ALICORN_ERROR_NOT_FOUND);
                  EXPECT_EQ(value.size, 0U);
                  EXPECT_EQ(r->host->config_get(r->host, alicorn_text("database.url"), &value),
                            ALICORN_OK);
                  r->host->annotate(r, alicorn_text("user"), value);
                  alicorn_string key;
                  EXPECT_EQ(r->host->config_at(r->host, 0, &key, &value), ALICORN_OK);
                  EXPECT_EQ(std::string(key.data, key.size), "database.url");
                  EXPECT_EQ(r->host->config_at(r->host, 1, &key, &value), ALICORN_ERROR_NOT_FOUND);
                  alicorn_log(r, ALICORN_LOG_DEBUG, "dropped");
                  alicorn_log(r, ALICORN_LOG_ERROR, "kept");
                  r->host->request_recycle(r->host, alicorn_text("grew too large"));
                  r->host->extend_deadline(r, 1000);
                  EXPECT_GT(r->deadline_us, r->received_us);
                  return hello(r);
                }),
                {.config = {{"database.url", "x:y"}}, .log_level = ALICORN_LOG_INFO});
  const TestAnswer answer = host.run({});
  ASSERT_EQ(answer.annotations.size(), 1U);
  EXPECT_EQ(answer.annotations[0].value, "x:y");
  const auto lines = host.log_lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].message, "kept");
  EXPECT_TRUE(lines[0].has_request);
  EXPECT_TRUE(host.recycle_requested());
}

TEST(TestHost, SendsInterimResponsesButNotToHttp10) {
  TestHost host(entry_of([](alicorn_request* r) -> std::int32_t {
    const alicorn_field link = {alicorn_text("Link"), alicorn_text("</a.css>; rel=preload")};
    EXPECT_EQ(r->host->interim(r, 103, &link, 1), ALICORN_OK);
    EXPECT_EQ(r->host->interim(r, 100, nullptr, 0), ALICORN_ERROR_INVALID);
    const std::int32_t result = hello(r);
    EXPECT_EQ(r->host->interim(r, 103, &link, 1), ALICORN_ERROR_STATE);
    return result;
  }));
  EXPECT_EQ(host.run({}).interim.size(), 1U);
  EXPECT_EQ(host.run({.http_minor = 0}).interim.size(), 0U);
}

TEST(TestHost, StartsAndStopsTheAppAsAWorkerDoes) {
  const TestLibrary library(test::test_app("lifecycle"));
  std::vector<std::string> calls;
  {
    TestHost host(library.entry(), {.preload = true});
    EXPECT_EQ(host.start_error(), "");
    EXPECT_TRUE(host.is_ready());
    EXPECT_EQ(host.run({}).status, 200);
    host.drain();
    for (const TestLogLine& line : host.log_lines()) calls.push_back(line.message);
  }
  EXPECT_THAT(calls, ElementsAre("lifecycle: preload", "lifecycle: worker_init after preload",
                                 "lifecycle: thread_init", "lifecycle: ready",
                                 "lifecycle: on_request", "lifecycle: drain"));
}

TEST(TestHost, CallsPreloadAsTheServerAlsoWithoutThePreloadRules) {
  const TestLibrary library(test::test_app("state_of_preload"));
  EXPECT_EQ(TestHost(library.entry()).run({}).status, 200);
  EXPECT_EQ(TestHost(library.entry(), {.preload = true}).start_error(),
            "preload, and the app is not ALICORN_APP_PRELOAD_SAFE");
  const TestLibrary bad(test::test_app("bad_preload"));
  EXPECT_EQ(TestHost(bad.entry()).start_error(), "preload returned -1");
}

TEST(TestHost, RefusesAThreadBeforeTheForkOnlyByThePreloadRules) {
  static std::optional<std::jthread> thread;
  const auto entry = [](const alicorn_host*) -> const alicorn_app* {
    static alicorn_app app =
        *entry_of<ALICORN_APP_PRELOAD_SAFE>([](alicorn_request* r) { return hello(r); })(nullptr);
    app.preload = [](const alicorn_host*, void**) -> std::int32_t {
      thread.emplace([](const std::stop_token& stop) {
        while (!stop.stop_requested()) std::this_thread::yield();
      });
      return ALICORN_OK;
    };
    return &app;
  };
  EXPECT_EQ(TestHost(entry, {.preload = true}).start_error(),
            "preload, and the app has started a thread before worker_init");
  thread.reset();
  EXPECT_EQ(TestHost(entry).start_error(), "");
  thread.reset();
}

TEST(TestHost, SaysWhyAnAppDoesNotStart) {
  const TestLibrary bad_init(test::test_app("bad_init"));
  const TestLibrary refuses(test::test_app("refuses"));
  {
    TestHost host(bad_init.entry());
    EXPECT_EQ(host.start_error(), "worker_init returned -1");
    EXPECT_THAT(host.run({}).mistakes[0], HasSubstr("did not start"));
  }
  EXPECT_EQ(TestHost(refuses.entry()).start_error(), "the entry point returned NULL");
  EXPECT_EQ(
      TestHost(entry_of([](alicorn_request* r) { return hello(r); }), {.threads = 2}).start_error(),
      "more than one thread, and the app is not ALICORN_APP_THREAD_SAFE");
  EXPECT_THROW(TestLibrary("/nowhere/x.so"), std::runtime_error);
}

}  // namespace
}  // namespace alicorn
