// Every order of the app's calls about its answer, without a thread or a socket.
#include "workers/app/answer.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <string>
#include <vector>

namespace alicorn {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Stage = Answer::Stage;

alicorn_string text(std::string_view of) {
  return {of.data(), of.size()};
}
alicorn_buffer bytes(std::string_view of) {
  return {.data = of.data(), .size = of.size(), .release = nullptr, .context = nullptr};
}
void count(void* context) {
  ++*static_cast<int*>(context);
}
alicorn_buffer lent(std::string_view of, int& releases) {
  return {.data = of.data(), .size = of.size(), .release = count, .context = &releases};
}
std::string drain(OutputQueue& queue) {
  std::string all;
  iovec parts[64];
  for (int n = queue.gather(parts, 64), i = 0; i < n; ++i) {
    all.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  }
  queue.clear();
  return all;
}

class AnswerTest : public ::testing::Test {
 protected:
  void open(Answer::Asked asked = {}) { answer.open(asked); }
  Answer::Reply respond(std::string_view text_of_body = "hello", std::int32_t status = 200) {
    const alicorn_buffer buffer = bytes(text_of_body);
    DroppedBuffers dropped;
    return answer.respond(status, nullptr, 0, &buffer, dropped);
  }
  Answer::Reply begin(std::int64_t length = -1) { return answer.begin(200, nullptr, 0, length); }
  Answer::Reply write(std::string_view piece) {
    const alicorn_buffer buffer = bytes(piece);
    DroppedBuffers dropped;
    return answer.write(&buffer, 1, dropped);
  }
  Answer::Reply end() { return answer.end(nullptr, 0); }
  Answer::Collected collect() {
    std::optional<OutputQueue> dropped;
    OutputQueue out;
    FilePart file;
    const Answer::Collected collected = answer.collect(head, out, file, dropped);
    body.append(collected.small_body).append(drain(out));
    file_bytes = file.remaining;
    return collected;
  }

  Answer answer;
  std::string head, body;
  std::int64_t file_bytes = 0;
};

// ---- what may follow what

struct Step {
  const char* name;
  std::function<Answer::Reply(Answer&)> call;
};

std::vector<Step> steps() {
  return {{"respond",
           [](Answer& answer) {
             DroppedBuffers dropped;
             return answer.respond(200, nullptr, 0, nullptr, dropped);
           }},
          {"send_file",
           [](Answer& answer) {
             FilePart file{UniqueFd(), 0, 7, 0};
             return answer.send_file(200, nullptr, 0, file);
           }},
          {"begin", [](Answer& answer) { return answer.begin(200, nullptr, 0, -1); }},
          {"write",
           [](Answer& answer) {
             const alicorn_buffer buffer = bytes("x");
             DroppedBuffers dropped;
             return answer.write(&buffer, 1, dropped);
           }},
          {"end", [](Answer& answer) { return answer.end(nullptr, 0); }},
          {"interim", [](Answer& answer) { return answer.interim(103, nullptr, 0); }}};
}

bool may(std::string_view call, Stage stage) {
  const bool needs_begin = call == "write" || call == "end";
  return stage == (needs_begin ? Stage::kBegun : Stage::kNone);
}

TEST_F(AnswerTest, EachCallHasItsStage) {
  const std::vector<std::function<void(Answer&)>> ways = {
      [](Answer&) {}, [](Answer& target) { target.begin(200, nullptr, 0, -1); },
      [](Answer& target) {
        target.begin(200, nullptr, 0, -1);
        target.end(nullptr, 0);
      },
      [](Answer& target) { target.fail(); }};
  for (std::size_t stage = 0; stage < ways.size(); ++stage) {
    for (const Step& step : steps()) {
      Answer tried;
      ways[stage](tried);
      ASSERT_EQ(static_cast<std::size_t>(tried.stage()), stage);
      const Answer::Reply reply = step.call(tried);
      const bool is_allowed = may(step.name, static_cast<Stage>(stage));
      EXPECT_EQ(reply.code, is_allowed ? ALICORN_OK : ALICORN_ERROR_STATE)
          << step.name << " in stage " << stage;
      if (!is_allowed) {
        EXPECT_EQ(static_cast<std::size_t>(tried.stage()), stage);
        EXPECT_FALSE(reply.has_news);
      }
    }
  }
}

TEST_F(AnswerTest, EachCallLeadsToItsStage) {
  for (const Step& step : steps()) {
    Answer tried;
    const std::string_view name = step.name;
    if (name == "write" || name == "end") tried.begin(200, nullptr, 0, -1);
    EXPECT_TRUE(step.call(tried).has_news) << name;
    const Stage expected = name == "interim"                    ? Stage::kNone
                           : name == "begin" || name == "write" ? Stage::kBegun
                                                                : Stage::kComplete;
    EXPECT_EQ(tried.stage(), expected) << name;
  }
}

TEST_F(AnswerTest, WhatIsRefusedLeavesTheStage) {
  EXPECT_EQ(respond("x", 199).code, ALICORN_ERROR_INVALID);
  EXPECT_EQ(begin(-2).code, ALICORN_ERROR_INVALID);
  EXPECT_EQ(answer.interim(200, nullptr, 0).code, ALICORN_ERROR_INVALID);
  EXPECT_EQ(answer.stage(), Stage::kNone);
  EXPECT_EQ(respond().code, ALICORN_OK) << "an app may try again";
}

// ---- the end

TEST_F(AnswerTest, ACallbackThatReturnsOwesAnAnswer) {
  EXPECT_THAT(std::string(answer.fail_unless_complete()), HasSubstr("without a response"));
  EXPECT_EQ(answer.stage(), Stage::kFailed);
  EXPECT_EQ(answer.fail_unless_complete(), "") << "said once";
}

TEST_F(AnswerTest, ACallbackThatReturnsOwesTheEndOfItsAnswer) {
  begin();
  EXPECT_THAT(std::string(answer.fail_unless_complete()), HasSubstr("without end()"));
  EXPECT_EQ(answer.stage(), Stage::kFailed);
}

TEST_F(AnswerTest, ACompleteAnswerDoesNotFailAnyMore) {
  respond();
  EXPECT_EQ(answer.fail_unless_complete(), "");
  answer.fail();
  EXPECT_EQ(answer.stage(), Stage::kComplete);
}

TEST_F(AnswerTest, AnEndBeforeItsLengthCutsTheResponse) {
  begin(5);
  write("abc");
  const Answer::Reply reply = end();
  EXPECT_EQ(reply.code, ALICORN_ERROR_INVALID);
  EXPECT_TRUE(reply.has_news);
  EXPECT_EQ(answer.stage(), Stage::kFailed);
}

TEST_F(AnswerTest, BytesBeyondItsLengthAreCutAndSaid) {
  begin(5);
  const Answer::Reply reply = write("abcdefg");
  EXPECT_EQ(reply.code, ALICORN_ERROR_INVALID);
  EXPECT_TRUE(reply.wrote);
  EXPECT_EQ(answer.body_bytes(), 5U);
  EXPECT_EQ(end().code, ALICORN_OK);
  collect();
  EXPECT_EQ(body, "abcde");
}

TEST_F(AnswerTest, ABadTrailerLeavesTheAnswerOpen) {
  begin();
  const alicorn_field bad{text("Host"), text("x")};
  EXPECT_EQ(answer.end(&bad, 1).code, ALICORN_ERROR_INVALID);
  EXPECT_EQ(answer.stage(), Stage::kBegun);
  const alicorn_field good{text("X-Sum"), text("1")};
  EXPECT_EQ(answer.end(&good, 1).code, ALICORN_OK);
  collect();
  EXPECT_EQ(body, "0\r\nX-Sum: 1\r\n\r\n");
}

// ---- framing

TEST_F(AnswerTest, TheFramingFollowsStatusLengthAndClient) {
  struct Case {
    std::int32_t status;
    std::int64_t length;
    Answer::Asked asked;
    Framing framing;
  };
  constexpr Answer::Asked kOld{.by_head = false, .version_minor = 0};
  constexpr Answer::Asked kHead{.by_head = true, .version_minor = 1};
  for (const Case& one :
       {Case{200, 3, {}, Framing::kLength}, Case{200, -1, {}, Framing::kChunked},
        Case{200, -1, kOld, Framing::kClose}, Case{200, 3, kOld, Framing::kLength},
        Case{200, -1, kHead, Framing::kNone}, Case{200, 3, kHead, Framing::kLength},
        Case{204, -1, {}, Framing::kNone}, Case{304, -1, {}, Framing::kNone},
        Case{205, -1, {}, Framing::kLength}}) {
    Answer tried;
    tried.open(one.asked);
    ASSERT_EQ(tried.begin(one.status, nullptr, 0, one.length).code, ALICORN_OK);
    std::string text_of_head;
    OutputQueue out;
    FilePart file;
    std::optional<OutputQueue> dropped;
    const Answer::Collected collected = tried.collect(text_of_head, out, file, dropped);
    EXPECT_EQ(collected.framing, one.framing) << one.status << " " << one.length;
    if (one.status == 205) {
      EXPECT_EQ(collected.length, 0);
    }
  }
}

TEST_F(AnswerTest, HeadKeepsTheLengthAndDropsTheBody) {
  open({.by_head = true, .version_minor = 1});
  int releases = 0;
  {
    const alicorn_buffer buffer = lent("hello", releases);
    DroppedBuffers dropped;
    EXPECT_EQ(answer.respond(200, nullptr, 0, &buffer, dropped).code, ALICORN_OK);
    EXPECT_EQ(releases, 0) << "not before the caller has let go of the lock";
  }
  EXPECT_EQ(releases, 1);
  EXPECT_EQ(collect().length, 5);
  EXPECT_EQ(body, "");
  EXPECT_EQ(answer.body_bytes(), 0U);
}

TEST_F(AnswerTest, AnInterimResponseGoesOnlyToWhoeverUnderstandsIt) {
  open({.by_head = false, .version_minor = 0});
  EXPECT_FALSE(answer.interim(103, nullptr, 0).has_news);
  EXPECT_FALSE(collect().took_something);
  open();
  EXPECT_TRUE(answer.interim(103, nullptr, 0).has_news);
  EXPECT_TRUE(collect().took_something);
  EXPECT_THAT(head, StartsWith("HTTP/1.1 103 "));
}

// ---- what the connection takes

TEST_F(AnswerTest, TheHeadIsTakenOnce) {
  begin();
  EXPECT_TRUE(collect().head_is_new);
  EXPECT_TRUE(answer.has_begun_to_leave());
  write("abc");
  const Answer::Collected second = collect();
  EXPECT_FALSE(second.head_is_new);
  EXPECT_TRUE(second.took_something);
  EXPECT_TRUE(second.made_room);
  EXPECT_EQ(second.stage, Stage::kBegun);
  end();
  EXPECT_EQ(collect().stage, Stage::kComplete);
  EXPECT_EQ(body, "3\r\nabc\r\n0\r\n\r\n");
  EXPECT_FALSE(collect().took_something);
}

TEST_F(AnswerTest, ASmallBodyGoesWithItsHead) {
  for (const std::size_t size : {std::size_t{1}, Answer::kSmallBodyMax}) {
    const std::string text(size, 'x');
    respond(text);
    const Answer::Collected collected = collect();
    EXPECT_EQ(collected.small_body, text);
    EXPECT_EQ(collected.stage, Stage::kComplete);
    EXPECT_FALSE(collected.made_room);
    EXPECT_EQ(collect().small_body, "") << "it is taken once";
    answer.reset();
    respond("");
    EXPECT_EQ(collect().small_body, "");
    answer.reset();
  }
}

TEST_F(AnswerTest, ABodyThatIsLentOrLargeGoesThroughTheQueue) {
  int releases = 0;
  {
    const alicorn_buffer buffer = lent("hello", releases);
    DroppedBuffers none;
    answer.respond(200, nullptr, 0, &buffer, none);
  }
  EXPECT_EQ(collect().small_body, "");
  EXPECT_EQ(body, "hello");
  answer.reset();
  respond(std::string(Answer::kSmallBodyMax + 1, 'x'));
  EXPECT_EQ(collect().small_body, "");
  EXPECT_EQ(body.size(), 5 + Answer::kSmallBodyMax + 1);
}

TEST_F(AnswerTest, ABodyThatHasNoPlaceYetKeepsTheEndBack) {
  const std::string large(Answer::kSmallBodyMax + 1, 'x');
  respond(large);
  std::optional<OutputQueue> dropped;
  OutputQueue busy;
  busy.append_copy("of the response before");
  FilePart file;
  const Answer::Collected first = answer.collect(head, busy, file, dropped);
  EXPECT_EQ(first.stage, Stage::kBegun);
  EXPECT_TRUE(first.head_is_new);
  EXPECT_EQ(collect().stage, Stage::kComplete);
  EXPECT_EQ(body, large);
}

TEST_F(AnswerTest, AFailureBeforeTheHeadLeftTakesWhatWasWrittenWithIt) {
  begin();
  int releases = 0;
  {
    DroppedBuffers none;
    const alicorn_buffer buffer = lent("hello", releases);
    answer.write(&buffer, 1, none);
  }
  answer.fail();
  std::optional<OutputQueue> dropped;
  OutputQueue out;
  FilePart file;
  const Answer::Collected collected = answer.collect(head, out, file, dropped);
  EXPECT_EQ(collected.stage, Stage::kFailed);
  EXPECT_FALSE(collected.head_is_new);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(releases, 0);
  dropped.reset();
  EXPECT_EQ(releases, 1);
}

TEST_F(AnswerTest, AFileIsTakenOnceOrGivenBackToBeClosed) {
  FilePart part{UniqueFd(), 3, 7, 0};
  EXPECT_EQ(answer.send_file(200, nullptr, 0, part).code, ALICORN_OK);
  EXPECT_EQ(answer.body_bytes(), 7U);
  collect();
  EXPECT_EQ(file_bytes, 7);
  collect();
  EXPECT_EQ(file_bytes, 0);
  answer.reset();
  FilePart other{UniqueFd(), 0, 9, 0};
  answer.send_file(200, nullptr, 0, other);
  EXPECT_EQ(answer.drop_file().remaining, 9);
  EXPECT_EQ(answer.drop_file().remaining, 0);
}

TEST_F(AnswerTest, AWriterIsBehindUntilHalfHasLeft) {
  begin();
  const std::string large(Answer::kHighWater + 1, 'x');
  write(large);
  EXPECT_TRUE(answer.is_behind());
  EXPECT_FALSE(answer.has_room());
  collect();
  EXPECT_FALSE(answer.is_behind());
  EXPECT_TRUE(answer.has_room());
}

// ---- hostile sizes

TEST_F(AnswerTest, SizesThatNoMemoryHoldsAreRefused) {
  constexpr std::size_t kHuge = static_cast<std::size_t>(PTRDIFF_MAX);
  char byte = 'x';
  const alicorn_buffer impossible{&byte, kHuge + 1, nullptr, nullptr};
  const alicorn_buffer nowhere{nullptr, 1, nullptr, nullptr};
  const alicorn_buffer sum[] = {{&byte, kHuge, nullptr, nullptr}, {&byte, kHuge, nullptr, nullptr}};
  DroppedBuffers dropped;
  EXPECT_EQ(answer.respond(200, nullptr, 0, &impossible, dropped).code, ALICORN_ERROR_INVALID);
  EXPECT_EQ(answer.respond(200, nullptr, 0, &nowhere, dropped).code, ALICORN_ERROR_INVALID);
  begin();
  EXPECT_EQ(answer.write(sum, 2, dropped).code, ALICORN_ERROR_INVALID) << "their sum wraps";
  EXPECT_EQ(answer.write(nullptr, 1, dropped).code, ALICORN_ERROR_INVALID);
  EXPECT_EQ(answer.write(&nowhere, 1, dropped).code, ALICORN_ERROR_INVALID);
  EXPECT_EQ(answer.stage(), Stage::kBegun);
}

TEST_F(AnswerTest, ANextRequestFindsNothingOfTheOneBefore) {
  open({.by_head = true, .version_minor = 0});
  answer.interim(103, nullptr, 0);
  begin(7);
  collect();
  answer.fail();
  answer.reset();
  open();
  head.clear();
  EXPECT_EQ(answer.stage(), Stage::kNone);
  EXPECT_FALSE(answer.has_begun_to_leave());
  EXPECT_FALSE(collect().took_something);
  EXPECT_EQ(respond().code, ALICORN_OK);
  EXPECT_EQ(collect().framing, Framing::kLength);
  EXPECT_EQ(body, "hello");
}

}  // namespace
}  // namespace alicorn
