// The test host's rules for deferred requests.
#include "alicorn/testing.hpp"
#include "tests/unit/app_api/test_entry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace alicorn {
namespace {

using test::entry_of;
using ::testing::ElementsAre;

std::int32_t hello(alicorn_request* request) {
  return alicorn_respond(request, 200, "text/plain", alicorn_text("Hello, world\n"));
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

TEST(TestHostDeferral, TellsADeferredRequestOfEachPieceAndOfItsEnd) {
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

TEST(TestHostDeferral, MovesTheDeadlineUntilItHasPassed) {
  constexpr auto extend = [](void*, alicorn_request* r) -> std::int32_t {
    const std::uint64_t before = r->deadline_us;
    const bool is_over = r->host->cancelled(r->host, r->token) == ALICORN_CANCEL_DEADLINE;
    EXPECT_EQ(r->host->extend_deadline(r, 1000), ALICORN_ERROR_GONE);
    EXPECT_EQ(r->deadline_us == before, is_over);
    return ALICORN_ERROR_GONE;
  };
  for (const std::int32_t reason : {ALICORN_CANCEL_CLIENT_GONE, ALICORN_CANCEL_DEADLINE}) {
    TestHost host(entry_of([](alicorn_request* r) { return r->host->defer(r, nullptr, nullptr); }));
    const alicorn_token token = host.start({});
    host.cancel(token, reason);
    EXPECT_EQ(host.table()->resume(host.table(), token, extend, nullptr), ALICORN_OK);
    const TestAnswer answer = host.wait(token);
    EXPECT_TRUE(answer.mistakes.empty()) << answer.mistakes_text();
  }
}

TEST(TestHostDeferral, CancelsWithoutTakingTheRequestAway) {
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

TEST(TestHostDeferral, AnnouncesADrainAndTakesTheAnswer) {
  current_upload = {};
  TestHost host(
      entry_of<ALICORN_APP_STREAM_BODY>([](alicorn_request* r) { return start_upload(r); }));
  const alicorn_token token = host.start({.method = "POST", .pieces = {"a"}});
  host.drain();
  EXPECT_EQ(host.wait(token).body, "Hello, world\n");
}

TEST(TestHostDeferral, AnnouncesTheDrainToARequestThatComesAfterIt) {
  current_upload = {};
  TestHost host(
      entry_of<ALICORN_APP_STREAM_BODY>([](alicorn_request* r) { return start_upload(r); }));
  host.drain();
  const alicorn_token token = host.start({.method = "POST", .pieces = {"a"}});
  EXPECT_EQ(host.table()->cancelled(host.table(), token), ALICORN_CANCEL_DRAIN);
  const TestAnswer answer = host.wait(token);
  EXPECT_EQ(answer.body, "Hello, world\n");
  EXPECT_THAT(answer.events, ElementsAre(ALICORN_EVENT_CANCELLED, ALICORN_EVENT_FINISHED));
}

TEST(TestHostDeferral, CompletesFromAnyThreadOnce) {
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

TEST(TestHostDeferral, FinishesByAFailedCompletion) {
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

TEST(TestHostDeferral, RunsEachResumeOnceAlsoWithoutARequest) {
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

TEST(TestHostDeferral, HoldsBackADeferredWriter) {
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

}  // namespace
}  // namespace alicorn
