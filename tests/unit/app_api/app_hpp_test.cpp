// The C++ wrapper, tried on the test host. All of the server's headers that may stand beside it are
// included, too.
#include "alicorn/app.hpp"
#include "alicorn/testing.hpp"
#include "app_api/app_library.hpp"
#include "app_api/app_report.hpp"
#include "base/address.hpp"
#include "base/log.hpp"
#include "tests/unit/app_api/test_entry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include <fcntl.h>

namespace {

using alicorn::Request;
using alicorn::TestAnswer;
using alicorn::TestHost;
using alicorn::test::cpp_entry_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

void hello(Request& request) {
  request.respond(200, "text/plain", "Hello, world\n");
}

TEST(AppHpp, RespondsInOneLine) {
  TestHost host(cpp_entry_of([](Request& request) { return hello(request); }));
  const TestAnswer answer = host.run({});
  EXPECT_TRUE(answer.ok()) << answer.mistakes_text();
  EXPECT_EQ(answer.body, "Hello, world\n");
  EXPECT_EQ(answer.header("content-type"), "text/plain");
}

TEST(AppHpp, ReadsTheRequest) {
  TestHost host(cpp_entry_of([](Request& request) {
                  EXPECT_EQ(request.method(), "PUT");
                  EXPECT_EQ(request.method_id(), ALICORN_METHOD_PUT);
                  EXPECT_EQ(request.target(), "/p?q");
                  EXPECT_EQ(request.path(), "/p");
                  EXPECT_EQ(request.query(), "q");
                  EXPECT_EQ(request.body(), "body");
                  EXPECT_EQ(request.content_length(), 4);
                  EXPECT_EQ(request.header("b"), "2");
                  EXPECT_EQ(request.header("c"), std::nullopt);
                  std::string names;
                  for (const auto [name, value] : request.headers())
                    names.append(name).append(value);
                  EXPECT_EQ(names, "a1b2b3");
                  EXPECT_EQ(request.host().config("key"), "value");
                  EXPECT_EQ(request.host().config("other"), std::nullopt);
                  hello(request);
                }),
                {.config = {{"key", "value"}}});
  EXPECT_TRUE(host.run({.method = "PUT",
                        .target = "/p?q",
                        .headers = {{"a", "1"}, {"b", "2"}, {"B", "3"}},
                        .body = "body"})
                  .ok());
}

TEST(AppHpp, KnowsWhatCameWithMinorOne) {
  const auto entry = cpp_entry_of([](Request& request) {
    request.set_reason("Nowhere");
    const std::string text = std::to_string(request.connection()) + " " +
                             std::to_string(request.request_number()) + " " +
                             std::string(request.mount());
    request.respond(404, "text/plain", text);
  });
  {
    TestHost host(entry);
    const TestAnswer answer = host.run({.connection = 7, .request_number = 2, .mount = "/shop"});
    EXPECT_TRUE(answer.ok()) << answer.mistakes_text();
    EXPECT_EQ(answer.body, "7 2 /shop");
    EXPECT_EQ(answer.reason, "Nowhere");
  }
  TestHost old_host(entry, {.host_minor = 0});
  const TestAnswer answer = old_host.run({});
  EXPECT_TRUE(answer.ok()) << answer.mistakes_text();
  EXPECT_EQ(answer.body, "0 0 ");
  EXPECT_EQ(answer.reason, "");
}

TEST(AppHpp, TakesFieldsAndBodiesInEveryForm) {
  TestHost host(cpp_entry_of([](Request& request) {
    const std::string text = "text";
    if (request.path() == "/one") return request.respond(200, {{"a", "b"}});
    if (request.path() == "/two") return request.respond(200, {{"a", "b"}, {"c", "d"}}, text);
    if (request.path() == "/moved") return request.respond(200, {}, std::string(100'000, 'm'));
    if (request.path() == "/forever")
      return request.respond(200, {}, alicorn::Data::forever("static"));
    std::vector<alicorn::HeaderField> many(40, {"x", "y"});
    request.respond(200, many, text.c_str());
  }));
  const TestAnswer one = host.run({.target = "/one"});
  EXPECT_EQ(one.header("a"), "b");
  EXPECT_EQ(one.headers.size(), 1U);
  EXPECT_EQ(one.body, "");
  EXPECT_EQ(host.run({.target = "/two"}).header("c"), "d");
  EXPECT_EQ(host.run({.target = "/two"}).body, "text");
  EXPECT_EQ(host.run({.target = "/moved"}).body, std::string(100'000, 'm'));
  EXPECT_EQ(host.run({.target = "/forever"}).body, "static");
  EXPECT_EQ(host.run({.target = "/many"}).headers.size(), 40U);
}

TEST(AppHpp, TurnsAnExceptionIntoALogLineAndA500) {
  TestHost host(cpp_entry_of([](Request& request) {
    if (request.path() == "/int") throw 1;
    throw std::runtime_error("no database");
  }));
  const TestAnswer answer = host.run({});
  EXPECT_EQ(answer.status, 500);
  EXPECT_FALSE(answer.ok());
  EXPECT_EQ(host.run({.target = "/int"}).status, 500);
  const auto lines = host.log_lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].level, ALICORN_LOG_ERROR);
  EXPECT_EQ(lines[0].message, "exception");
  ASSERT_EQ(lines[0].fields.size(), 3U);
  EXPECT_EQ(lines[0].fields[0].value, "on_request");
  EXPECT_EQ(lines[0].fields[1].value, "no database");
}

TEST(AppHpp, ThrowsWhatACallRefuses) {
  TestHost host(cpp_entry_of([](Request& request) {
    try {
      request.respond(200, {{"a", "b\r\nc"}});
    } catch (const alicorn::CallFailure& failure) {
      EXPECT_EQ(failure.code(), ALICORN_ERROR_INVALID);
      EXPECT_STREQ(failure.what(), "respond");
    }
    request.respond(200, {});
    request.respond(200, {});
  }));
  const TestAnswer answer = host.run({});
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.mistakes.back(), HasSubstr("on_request returned -4"));
  EXPECT_EQ(host.log_lines().at(0).fields.at(2).value, "state");
}

TEST(AppHpp, IsSilentAboutAClientThatLeft) {
  TestHost host(cpp_entry_of<ALICORN_APP_STREAM_BODY>([](Request& request) {
    while (request.read_body()) continue;
  }));
  const TestAnswer answer = host.run({.pieces = {"a"}, .body_is_cut = true});
  EXPECT_TRUE(answer.mistakes.empty()) << answer.mistakes_text();
  EXPECT_TRUE(host.log_lines().empty());
}

TEST(AppHpp, StreamsBothWays) {
  TestHost host(cpp_entry_of<ALICORN_APP_STREAM_BODY>([](Request& request) {
    request.interim(103, {{"link", "</x>"}});
    request.begin(200, {{"content-type", "x/y"}});
    while (const auto piece = request.read_body()) EXPECT_TRUE(request.write(std::string(*piece)));
    request.end({{"x-sum", "1"}});
  }));
  const TestAnswer answer = host.run({.pieces = {"ab", "cd"}});
  EXPECT_TRUE(answer.ok()) << answer.mistakes_text();
  EXPECT_EQ(answer.body, "abcd");
  EXPECT_EQ(answer.interim.size(), 1U);
  ASSERT_EQ(answer.trailers.size(), 1U);
  EXPECT_EQ(answer.trailers[0].name, "x-sum");
}

TEST(AppHpp, SendsAFile) {
  TestHost host(cpp_entry_of([](Request& request) {
    request.send_file(200, {}, ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC), 1, 3);
  }));
  EXPECT_EQ(host.run({}).body, "ELF");
}

TEST(AppHpp, DefersToAThread) {
  static std::thread thread;
  TestHost host(cpp_entry_of([](Request& request) {
    thread = std::thread([deferral = request.defer()]() mutable {
      EXPECT_EQ(deferral.cancelled(), 0);
      EXPECT_EQ(deferral.complete(202, "text/plain", "later"), ALICORN_OK);
    });
  }));
  const TestAnswer answer = host.run({});
  thread.join();
  EXPECT_TRUE(answer.ok()) << answer.mistakes_text();
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body, "later");
}

TEST(AppHpp, AnswersForADeferralThatWasDropped) {
  TestHost host(cpp_entry_of([](Request& request) { const auto dropped = request.defer(); }));
  EXPECT_EQ(host.run({}).status, 500);
}

TEST(AppHpp, ResumesWithACallableAndItsState) {
  TestHost host(cpp_entry_of([](Request& request) {
    const alicorn::RequestToken token = request.defer().release();
    auto text = std::make_unique<std::string>("moved in");
    EXPECT_EQ(token.resume([text = std::move(text)](Request* resumed) {
      resumed->respond(200, "text/plain", *text);
    }),
              ALICORN_OK);
    EXPECT_EQ(token.resume([](Request* resumed) { EXPECT_EQ(resumed, nullptr); }), ALICORN_OK);
  }));
  EXPECT_EQ(host.run({}).body, "moved in");
}

TEST(AppHpp, FailsARequestByAnExceptionInItsResume) {
  TestHost host(cpp_entry_of([](Request& request) {
    request.defer().release().resume([](Request*) { throw std::runtime_error("in resume"); });
  }));
  EXPECT_EQ(host.run({}).status, 500);
  EXPECT_EQ(host.log_lines().at(0).fields.at(0).value, "resume");
}

struct Recorder : alicorn::RequestEvents {
  explicit Recorder(int& count) : deleted(count) {}
  ~Recorder() override { ++deleted; }
  void on_event(Request& request, std::int32_t event) override {
    if (event == ALICORN_EVENT_READABLE) {
      while (request.body_next().result == ALICORN_OK) continue;
      hello(request);
    }
  }
  int& deleted;
};

TEST(AppHpp, DeletesTheEventsAfterTheLast) {
  static int deleted = 0;
  TestHost host(cpp_entry_of<ALICORN_APP_STREAM_BODY>([](Request& request) {
    static_cast<void>(request.defer(std::make_unique<Recorder>(deleted)).release());
    EXPECT_EQ(request.body_next().result, ALICORN_WAIT);
  }));
  const TestAnswer answer = host.run({.pieces = {"x"}});
  EXPECT_TRUE(answer.ok()) << answer.mistakes_text();
  EXPECT_EQ(deleted, 1);
}

TEST(AppHpp, RunsAFunctionAfterTheResponse) {
  static int ran = 0;
  TestHost host(cpp_entry_of([](Request& request) {
    request.after_response([by = std::make_unique<int>(2)] { ran += *by; });
    request.annotate("user", "me");
    hello(request);
  }));
  EXPECT_EQ(host.run({}).annotations.at(0).value, "me");
  EXPECT_EQ(ran, 2);
}

/// The fuller form, without the macro's symbol: there is one per program.
class Shop {
 public:
  static constexpr std::string_view kName = "shop", kVersion = "2";
  static inline std::vector<std::string> calls;

  Shop(alicorn::Host host, const alicorn_worker& worker)
      : greeting_(host.config("greeting").value_or("")) {
    if (greeting_.empty()) throw std::runtime_error("no greeting");
    EXPECT_EQ(worker.slot, 3U);
    calls.emplace_back("worker_init");
  }
  ~Shop() { calls.emplace_back("worker_exit"); }
  void on_request(Request& request) {
    request.respond(200, "text/plain",
                    greeting_ + std::to_string(request.thread_state<Thread>().number));
  }
  bool ready() { return greeting_ != "wait"; }
  void drain() { calls.emplace_back("drain"); }
  static void preload(alicorn::Host) { calls.emplace_back("preload"); }

  struct Thread {
    Thread(Shop& shop, std::uint32_t) : number(static_cast<int>(shop.greeting_.size())) {}
    ~Thread() { calls.emplace_back("thread_exit"); }
    int number;
  };

 private:
  std::string greeting_;
};
const alicorn_app* shop_entry(const alicorn_host* host) {
  static alicorn_app app;
  app = alicorn::WorkerApp<Shop>::table(host, ALICORN_APP_PRELOAD_SAFE);
  return &app;
}

TEST(AppHpp, KeepsAWorkersStateInAClass) {
  Shop::calls.clear();
  {
    TestHost host(shop_entry, {.config = {{"greeting", "hi"}}, .preload = true, .slot = 3});
    EXPECT_EQ(host.start_error(), "");
    EXPECT_TRUE(host.is_ready());
    EXPECT_EQ(alicorn::view_of(host.app().name), "shop");
    EXPECT_EQ(host.run({}).body, "hi2");
  }
  EXPECT_THAT(Shop::calls,
              ElementsAre("preload", "worker_init", "drain", "thread_exit", "worker_exit"));
}

TEST(AppHpp, DoesNotStartWhenTheConstructorThrows) {
  TestHost host(shop_entry, {.slot = 3});
  EXPECT_EQ(host.start_error(), "worker_init returned -1");
  EXPECT_EQ(host.log_lines().at(0).fields.at(1).value, "no greeting");
}

TEST(AppHpp, IsNotReadyBeforeItSaysSo) {
  TestHost host(shop_entry, {.config = {{"greeting", "wait"}}, .slot = 3});
  EXPECT_FALSE(host.is_ready());
}

}  // namespace
