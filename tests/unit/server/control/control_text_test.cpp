#include "server/control/control_text.hpp"

#include "server/control/answer.hpp"
#include "server/control/status_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alicorn {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// What people see when the server gives this answer to the command in `line`.
std::string shown(std::string_view line, const std::string& answer) {
  const auto read = read_control_answer(parse_control_command(line).value(), answer);
  return read ? (read->is_ok ? "" : "refused: ") + read->text : read.error().text();
}

ServerStatus status() {
  ServerStatus status;
  status.version = "1.2.3";
  status.pid = 77;
  status.uptime = milliseconds(90'000);
  status.state = "serving";
  status.generation = 4;
  status.app = "/srv/app.so";
  status.listeners = {"http://127.0.0.1:8000", "unix:/run/a.sock"};
  status.workers_wanted = 2;
  WorkerStatus worker;
  worker.number = 3;
  worker.pid = 78;
  worker.phase = "ready";
  worker.requests = 10;
  worker.in_flight = 1;
  worker.rss = 3 << 20;
  worker.recycling = "no";
  status.workers = {worker, worker};
  status.departed_requests = 100;
  status.deaths = 5;
  status.last_reload = ReloadStatus{.generation = 4,
                                    .result = "abandoned",
                                    .reason = "worker 1 could not start",
                                    .at_us = 1'000'000};
  status.last_failure = "worker 2 was killed by SIGSEGV";
  status.log_level = "info";
  return status;
}

TEST(ControlText, EscapesControlCharactersFromAnyServer) {
  const std::string evil = R"("\u001b]52;c;x\u0007\u009b\n\u202e")";
  const auto is_harmless = [](const std::string& text) {
    return text.find('\x1b') == std::string::npos && text.find('\x07') == std::string::npos &&
           text.find("\xc2\x9b") == std::string::npos;
  };
  for (const std::string& answer : {
           "{\"ok\":true,\"state\":" + evil + ",\"app\":{\"a\":" + evil + "},\"listeners\":[" +
               evil + "]}",
           "{\"ok\":false,\"error\":" + evil + "}",
       }) {
    const std::string text = shown("status", answer);
    EXPECT_TRUE(is_harmless(text)) << text;
    EXPECT_THAT(text, HasSubstr("\\x1b]52"));
  }
  EXPECT_TRUE(
      is_harmless(shown("workers", "{\"ok\":true,\"workers\":[{\"phase\":" + evil + "}]}")));
  EXPECT_TRUE(is_harmless(shown("requests", "{\"ok\":true,\"requests\":[{\"id\":" + evil + "}]}")));
  EXPECT_TRUE(is_harmless(shown(
      "reload --wait", "{\"ok\":true,\"generation\":" + evil + ",\"notes\":[" + evil + "]}")));
}

TEST(ControlText, StatusAddsUpTheWorkers) {
  const std::string answer = render_status(status());
  EXPECT_THAT(answer, HasSubstr(R"("requests":{"answered":120,"in_flight":2})"));
  EXPECT_THAT(answer, HasSubstr(R"("workers":{"wanted":2,"ready":2,"starting":0,"leaving":0})"));
  EXPECT_THAT(answer, HasSubstr(R"("reload":null)"));
  EXPECT_THAT(shown("status", answer),
              AllOf(HasSubstr("serving, up 2m"), HasSubstr("pid 77, alicorn 1.2.3"),
                    HasSubstr("120 answered, 2 in flight"), HasSubstr("unix:/run/a.sock"),
                    HasSubstr("abandoned at 1970-01-01T00:00:01Z, generation 4: worker 1 could "),
                    HasSubstr("worker 2 was killed by SIGSEGV"), HasSubstr("workers 6.0 MiB")));
}

TEST(ControlText, RequestsAreSafeForATerminal) {
  RequestStatus request{.worker = 3, .worker_pid = 78, .call = {}};
  request.call = {.method = "GET",
                  .path = "/\x1b[2J\xff\"",
                  .request_id = "r-1",
                  .peer = "10.0.0.1",
                  .started_us = 1'000'000,
                  .thread = 79};
  const std::string answer = render_requests({request}, 7, MonotonicTime(microseconds(3'500'000)));
  EXPECT_THAT(answer, HasSubstr(R"("path":"/\\x1b[2J\\xff\"")"));
  EXPECT_THAT(answer, HasSubstr(R"("age_ms":2500,"thread":79)"));
  EXPECT_THAT(
      shown("requests", answer),
      AllOf(HasSubstr("2.5s"), HasSubstr(R"(GET     /\x1b[2J\xff")"), HasSubstr("... and 7 more")));
}

TEST(ControlText, WorkersAreATable) {
  const std::string text = shown("workers", render_workers(status().workers));
  EXPECT_THAT(text, AllOf(HasSubstr("SLOT  PID"), HasSubstr("3     78"), HasSubstr("3.0 MiB")));
}

TEST(ControlText, ARefusalShowsItsReason) {
  EXPECT_EQ(shown("reload", refusal("alicorn.yaml:3: no \xff")),
            "refused: alicorn.yaml:3: no \\xff");
}

TEST(ControlText, ACommandThatSucceedsShowsASentence) {
  EXPECT_EQ(shown("reload --wait", done({{"generation", 3}})),
            "reloaded: generation 3 serves alone\n");
  EXPECT_EQ(shown("reload --wait", done({{"generation", 3}}, {"user is changed", "a\xff"})),
            "reloaded: generation 3 serves alone\nnote: user is changed\nnote: a\\xff\n");
  EXPECT_EQ(shown("stop", done()), "stopping\n");
}

TEST(ControlText, SurvivesForeignAnswers) {
  for (const char* answer : {"", "{", "[]", "{\"ok\":1}", "HTTP/1.1 400 Bad Request"}) {
    EXPECT_THAT(shown("status", answer), HasSubstr("not an answer of an Alicorn server")) << answer;
  }
  for (const char* line : {"status", "workers", "requests", "scale 1", "recycle 1"}) {
    EXPECT_FALSE(shown(line, "{\"ok\":true,\"workers\":[1,null],\"requests\":7}").empty());
  }
}

}  // namespace
}  // namespace alicorn
