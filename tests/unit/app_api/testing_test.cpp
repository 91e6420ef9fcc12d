// The test host's own rules, tried with apps in plain C style.
#include "alicorn/testing.hpp"

#include "alicorn/testing/library.hpp"
#include "tests/unit/app_api/built_files.hpp"
#include "tests/unit/app_api/test_entry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

/// A deferred request whose events count themselves.
struct Upload {
  std::string body;
  int finished = 0;
};
std::int32_t on_upload_event(void* context, alicorn_request* r, std::int32_t event) {
  auto* upload = static_cast<Upload*>(context);
  if (event == ALICORN_EVENT_FINISHED) {
    ++upload->finished;
    EXPECT_TRUE(alicorn_equals(r->path, "/")) << "still readable";
    EXPECT_EQ(hello(r), ALICORN_ERROR_GONE);
    return ALICORN_ERROR;  // ignored
  }
  if (event == ALICORN_EVENT_CANCELLED) return hello(r);
  alicorn_string piece;
  std::int32_t result = ALICORN_OK;
  while ((result = r->host->body_next(r, &piece)) == ALICORN_OK) upload->body += view_of(piece);
  if (result != ALICORN_END) return result;
  return alicorn_respond(r, 200, "text/plain", string_of(upload->body));
}
Upload current_upload;
std::int32_t start_upload(alicorn_request* r) {
  EXPECT_EQ(r->host->defer(r, on_upload_event, &current_upload), ALICORN_OK);
  alicorn_string piece;
  EXPECT_EQ(r->host->body_next(r, &piece), ALICORN_WAIT);
  return ALICORN_OK;
}

TEST(TestHost, TellsADeferredRequestOfEachPieceAndOfItsEnd) {
  current_upload = {};
  TestHost host(
      entry_of<ALICORN_APP_STREAM_BODY>([](alicorn_request* r) { return start_upload(r); }));
  const TestAnswer answer = host.run({.method = "POST", .pieces = {"a", "b"}});
  EXPECT_TRUE(answer.ok()) << answer.mistakes_text();
  EXPECT_EQ(answer.body, "ab");
  EXPECT_THAT(answer.events,
              ElementsAre(ALICORN_EVENT_READABLE, ALICORN_EVENT_READABLE, ALICORN_EVENT_FINISHED));
  EXPECT_EQ(current_upload.finished, 1);
}

TEST(TestHost, CancelsWithoutTakingTheRequestAway) {
  current_upload = {};
  TestHost host(
      entry_of<ALICORN_APP_STREAM_BODY>([](alicorn_request* r) { return start_upload(r); }));
  const alicorn_token token = host.start({.method = "POST", .pieces = {"a"}});
  EXPECT_EQ(host.table()->cancelled(host.table(), token), 0);
  host.cancel(token, ALICORN_CANCEL_CLIENT_GONE);
  EXPECT_EQ(host.table()->cancelled(host.table(), token), ALICORN_CANCEL_CLIENT_GONE);
  const TestAnswer answer = host.wait(token);
  EXPECT_FALSE(answer.is_whole);
  EXPECT_TRUE(answer.mistakes.empty()) << answer.mistakes_text();
  EXPECT_THAT(answer.events, ElementsAre(ALICORN_EVENT_CANCELLED, ALICORN_EVENT_FINISHED));
  EXPECT_EQ(host.table()->cancelled(host.table(), token), ALICORN_ERROR_GONE);
}

TEST(TestHost, AnnouncesADrainAndTakesTheAnswer) {
  current_upload = {};
  TestHost host(
      entry_of<ALICORN_APP_STREAM_BODY>([](alicorn_request* r) { return start_upload(r); }));
  const alicorn_token token = host.start({.method = "POST", .pieces = {"a"}});
  host.drain();
  EXPECT_EQ(host.wait(token).body, "Hello, world\n");
}

TEST(TestHost, CompletesFromAnyThreadOnce) {
  static std::thread thread;
  TestHost host(entry_of([](alicorn_request* r) -> std::int32_t {
    const alicorn_host* table = r->host;
    EXPECT_EQ(table->complete(table, r->token, 200, nullptr, 0, nullptr), ALICORN_ERROR_STATE)
        << "not deferred";
    EXPECT_EQ(table->defer(r, nullptr, nullptr), ALICORN_OK);
    EXPECT_EQ(table->defer(r, nullptr, nullptr), ALICORN_ERROR_STATE);
    thread = std::thread([table, token = r->token] {
      const alicorn_buffer body{"late", 4, nullptr, nullptr};
      EXPECT_EQ(table->complete(table, token, 201, nullptr, 0, &body), ALICORN_OK);
      EXPECT_EQ(table->complete(table, token, 201, nullptr, 0, &body), ALICORN_ERROR_GONE);
    });
    return ALICORN_OK;
  }));
  const TestAnswer answer = host.run({});
  thread.join();
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "late");
  EXPECT_EQ(answer.mistakes.size(), 2U) << answer.mistakes_text();
}

TEST(TestHost, FinishesByAFailedCompletion) {
  TestHost host(entry_of([](alicorn_request* r) -> std::int32_t {
    r->host->defer(r, nullptr, nullptr);
    EXPECT_EQ(r->host->complete(r->host, r->token, 7, nullptr, 0, nullptr), ALICORN_ERROR_INVALID);
    EXPECT_EQ(hello(r), ALICORN_ERROR_GONE) << "finished already, though this callback still runs";
    EXPECT_TRUE(alicorn_equals(r->path, "/")) << "and readable as long as it does";
    return ALICORN_OK;
  }));
  const TestAnswer answer = host.run({});
  EXPECT_EQ(answer.status, 500);
}

TEST(TestHost, RunsEachResumeOnceAlsoWithoutARequest) {
  static std::vector<bool> had_request;
  had_request.clear();
  TestHost host(entry_of([](alicorn_request* r) -> std::int32_t {
    const auto resumed = [](void*, alicorn_request* request) -> std::int32_t {
      had_request.push_back(request != nullptr);
      return request == nullptr ? ALICORN_ERROR : hello(request);
    };
    EXPECT_EQ(r->host->resume(r->host, r->token, resumed, nullptr), ALICORN_ERROR_STATE)
        << "not deferred";
    r->host->defer(r, nullptr, nullptr);
    EXPECT_EQ(r->host->resume(r->host, r->token, resumed, nullptr), ALICORN_OK);
    EXPECT_EQ(r->host->resume(r->host, r->token, resumed, nullptr), ALICORN_OK);
    return ALICORN_OK;
  }));
  EXPECT_EQ(host.run({}).body, "Hello, world\n");
  EXPECT_THAT(had_request, ElementsAre(true, false));
}

TEST(TestHost, HoldsBackADeferredWriter) {
  TestHost host(entry_of([](alicorn_request* r) -> std::int32_t {
    const auto on_event = [](void*, alicorn_request* request, std::int32_t event) -> std::int32_t {
      return event == ALICORN_EVENT_WRITABLE ? request->host->end(request, nullptr, 0) : 0;
    };
    const alicorn_buffer data{"12345", 5, nullptr, nullptr};
    r->host->defer(r, on_event, nullptr);
    r->host->begin(r, 200, nullptr, 0, -1);
    EXPECT_EQ(r->host->write(r, &data, 1), ALICORN_OK);
    EXPECT_EQ(r->host->write(r, &data, 1), ALICORN_FULL);
    return ALICORN_OK;
  }));
  const TestAnswer answer = host.run({.client_window = 8});
  EXPECT_TRUE(answer.ok()) << answer.mistakes_text();
  EXPECT_EQ(answer.body, "1234512345");
  EXPECT_THAT(answer.events, ElementsAre(ALICORN_EVENT_WRITABLE, ALICORN_EVENT_FINISHED));
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
                                 "lifecycle: thread_init", "lifecycle: ready", "lifecycle: drain"));
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
