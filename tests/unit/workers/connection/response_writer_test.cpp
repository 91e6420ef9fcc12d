// The writing half of a connection, into strings: every way an answer can go.
#include "workers/connection/response_writer.hpp"

#include <gmock/gmock.h>

#include <string>

namespace alicorn {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using State = ResponseWriter::State;
using End = ResponseWriter::End;
using Terms = ResponseWriter::Terms;

constexpr Terms kKeeping{.client_keeps_alive = true,
                         .client_asked_for_it = true,
                         .body_is_whole = true,
                         .version_minor = 1,
                         .is_logged = false};

class ResponseWriterTest : public ::testing::Test {
 protected:
  /// As the connection does with what a call gives.
  void take(Answer::Collected collected, std::string_view head, std::string_view body = {},
            Terms terms = kKeeping) {
    const std::size_t begin = writer.begin_piece();
    writer.heads().copy_target() += head;
    if (!body.empty()) writer.body().append_copy(body);
    if (collected.head_is_new) writer.end_head(collected, begin, terms);
    writer.take(collected, begin);
    writer.finish_piece();
  }
  void take_whole(Terms terms = kKeeping, Framing framing = Framing::kLength) {
    take(collected(Answer::Stage::kComplete, framing), "HTTP/1.1 200 OK\r\n", "hello", terms);
  }
  void take_begin(Framing framing = Framing::kChunked, Terms terms = kKeeping) {
    take(collected(Answer::Stage::kBegun, framing), "HTTP/1.1 200 OK\r\n", {}, terms);
  }
  static Answer::Collected collected(Answer::Stage stage, Framing framing) {
    Answer::Collected collected{.stage = stage, .took_something = true, .head_is_new = true};
    collected.head.status = 200;
    collected.framing = framing;
    collected.length = 5;
    return collected;
  }
  std::string sent(std::size_t limit = std::string::npos) {
    std::string all;
    iovec parts[16];
    const int count = writer.gather(parts, 16);
    for (int i = 0; i < count; ++i) {
      all.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
    }
    all.resize(std::min(limit, all.size()));
    writer.note_sent(all.size());
    return all;
  }

  OwnFields own_fields{"alicorn"};
  ResponseWriter writer{own_fields};
};

TEST_F(ResponseWriterTest, ASmallBodyLeavesInOnePieceWithItsHead) {
  Answer::Collected small = collected(Answer::Stage::kComplete, Framing::kLength);
  small.small_body = "hello";
  take(small, "HTTP/1.1 200 OK\r\n");
  iovec parts[16];
  EXPECT_EQ(writer.gather(parts, 16), 1);
  EXPECT_TRUE(sent().ends_with("\r\n\r\nhello"));
  EXPECT_EQ(writer.body_bytes_sent(), 5U);
}

TEST_F(ResponseWriterTest, OwesAnAnswerAndClosesIfNoneComes) {
  EXPECT_EQ(writer.state(), State::kOwed);
  EXPECT_EQ(writer.end(), End::kClose);
  EXPECT_FALSE(writer.is_done());
}

TEST_F(ResponseWriterTest, ACompleteAnswerIsWholeAndKeepsTheConnection) {
  take_whole();
  EXPECT_EQ(writer.state(), State::kWhole);
  EXPECT_EQ(writer.end(), End::kKeep);
  EXPECT_EQ(writer.status(), 200);
  EXPECT_THAT(sent(), EndsWith("\r\n\r\nhello"));
  EXPECT_EQ(writer.body_bytes_sent(), 5U);
}

TEST_F(ResponseWriterTest, AnAnswerComesInPieces) {
  take_begin();
  EXPECT_EQ(writer.state(), State::kBegun);
  Answer::Collected piece{.stage = Answer::Stage::kBegun, .took_something = true};
  take(piece, {}, "abc");
  EXPECT_EQ(writer.state(), State::kBegun);
  piece.stage = Answer::Stage::kComplete;
  take(piece, {}, "def");
  EXPECT_EQ(writer.state(), State::kWhole);
  EXPECT_THAT(sent(), EndsWith("abcdef"));
}

TEST_F(ResponseWriterTest, TheEndFollowsWhatClientAndBodyAllow) {
  struct Case {
    bool may_keep, asked, body_is_whole;
    Framing framing;
    Answer::Stage stage;
    End end;
  };
  for (const Case& one : {
           Case{true, true, true, Framing::kLength, Answer::Stage::kComplete, End::kKeep},
           Case{false, false, true, Framing::kLength, Answer::Stage::kComplete, End::kClose},
           Case{false, true, true, Framing::kLength, Answer::Stage::kComplete, End::kLinger},
           // A body that is still on its way when the answer is complete would have to be read.
           Case{true, true, false, Framing::kLength, Answer::Stage::kComplete, End::kLinger},
           Case{false, false, false, Framing::kLength, Answer::Stage::kComplete, End::kLinger},
           // While the answer goes on the rest of the body may still come.
           Case{true, true, false, Framing::kChunked, Answer::Stage::kBegun, End::kKeep},
           // Its end is the connection's: a reset until all of it is there.
           Case{true, true, true, Framing::kClose, Answer::Stage::kBegun, End::kReset},
           Case{true, true, true, Framing::kClose, Answer::Stage::kComplete, End::kLinger},
           Case{false, false, true, Framing::kClose, Answer::Stage::kComplete, End::kClose},
       }) {
    writer.clear();
    writer.next_request();
    take(collected(one.stage, one.framing), "HTTP/1.1 200 OK\r\n", {},
         {.client_keeps_alive = one.may_keep,
          .client_asked_for_it = one.asked,
          .body_is_whole = one.body_is_whole,
          .version_minor = 1,
          .is_logged = false});
    EXPECT_EQ(writer.end(), one.end) << one.may_keep << one.asked << one.body_is_whole;
    const bool keeps = one.end == End::kKeep;
    EXPECT_EQ(sent().find("Connection: close") == std::string::npos, keeps);
  }
}

TEST_F(ResponseWriterTest, AnAnswerOfOurOwnIsWholeAndLingers) {
  writer.answer({.status = 503, .keep_alive = false, .to_head = false, .version_minor = 1});
  EXPECT_EQ(writer.state(), State::kWhole);
  EXPECT_EQ(writer.end(), End::kLinger);
  EXPECT_TRUE(writer.is_own_answer());
  const std::string text = sent();
  EXPECT_THAT(text, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(text, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_EQ(writer.own_body_size(), text.size() - text.find("\r\n\r\n") - 4);
  EXPECT_EQ(writer.body_bytes_sent(), writer.own_body_size());
}

TEST_F(ResponseWriterTest, AnAnswerOfOurOwnMayKeepTheConnection) {
  writer.answer({.status = 500, .keep_alive = true, .to_head = true, .version_minor = 1});
  EXPECT_EQ(writer.end(), End::kKeep);
  EXPECT_THAT(sent(), EndsWith("\r\n\r\n")) << "to HEAD without a body";
  EXPECT_EQ(writer.own_body_size(), 0U);
}

TEST_F(ResponseWriterTest, WhatIsCutShortIsDoneAndDoesNotKeep) {
  take_begin();
  writer.cut_short(CutReason::kApp);
  EXPECT_EQ(writer.state(), State::kCutShort);
  EXPECT_TRUE(writer.is_done());
  EXPECT_EQ(writer.end(), End::kClose);
  EXPECT_EQ(writer.cut(), CutReason::kApp);
}

TEST_F(ResponseWriterTest, WhatIsCutShortAndEndsByCloseIsReset) {
  take_begin(Framing::kClose);
  EXPECT_TRUE(writer.ends_by_close());
  writer.cut_short(CutReason::kApp);
  EXPECT_EQ(writer.end(), End::kReset);
  writer.next_request();
  take_whole(kKeeping, Framing::kClose);
  EXPECT_EQ(writer.end(), End::kLinger) << "whole: the client may be told by the end";
}

TEST_F(ResponseWriterTest, TheFirstReasonOfACutStays) {
  writer.note_cut(CutReason::kWriteRate);
  writer.note_cut(CutReason::kClient);
  EXPECT_EQ(writer.cut(), CutReason::kWriteRate);
}

TEST_F(ResponseWriterTest, NotToKeepIsNoReasonToLinger) {
  take_whole();
  writer.do_not_keep();
  EXPECT_EQ(writer.end(), End::kClose);
  writer.linger();
  EXPECT_EQ(writer.end(), End::kLinger);
  writer.do_not_keep();
  EXPECT_EQ(writer.end(), End::kLinger);
}

TEST_F(ResponseWriterTest, ASmallBodyLeavesWithItsHeadInOnePiece) {
  take_whole();
  EXPECT_TRUE(writer.body().empty());
  writer.clear();
  writer.next_request();
  take(collected(Answer::Stage::kComplete, Framing::kLength), "HTTP/1.1 200 OK\r\n",
       std::string(5000, 'x'));
  EXPECT_EQ(writer.body().size(), 5000U) << "a large one is not copied";
}

TEST_F(ResponseWriterTest, CountsWhatHasLeftWhateverThePieces) {
  take(collected(Answer::Stage::kComplete, Framing::kLength), "HTTP/1.1 200 OK\r\n",
       std::string(5000, 'x'));
  const std::size_t head = writer.heads().size();
  sent(head - 1);
  EXPECT_EQ(writer.body_bytes_sent(), 0U);
  sent(11);
  EXPECT_EQ(writer.body_bytes_sent(), 10U);
  writer.note_sent_file(7);
  EXPECT_EQ(writer.body_bytes_sent(), 17U);
  EXPECT_EQ(writer.sent_bytes(), head + 17);
}

TEST_F(ResponseWriterTest, AContinueCountsAsNoBodyAndBeginsNothing) {
  writer.append_continue();
  EXPECT_EQ(writer.state(), State::kOwed);
  EXPECT_EQ(sent(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(writer.body_bytes_sent(), 0U);
}

TEST_F(ResponseWriterTest, TheLogGetsTheFieldsOnlyIfItWantsThem) {
  take_whole();
  EXPECT_EQ(writer.logged_head(), "");
  writer.next_request();
  Terms terms = kKeeping;
  terms.is_logged = true;
  take_whole(terms);
  EXPECT_THAT(writer.logged_head(), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(writer.logged_head(), Not(HasSubstr("hello")));
}

TEST_F(ResponseWriterTest, ANextRequestFindsNothingOfTheOneBefore) {
  take_begin(Framing::kClose);
  writer.cut_short(CutReason::kApp);
  sent();
  writer.next_request();
  EXPECT_EQ(writer.state(), State::kOwed);
  EXPECT_EQ(writer.end(), End::kClose);
  EXPECT_EQ(writer.cut(), CutReason::kNone);
  EXPECT_EQ(writer.sent_bytes(), 0U);
  EXPECT_FALSE(writer.ends_by_close());
  EXPECT_FALSE(writer.is_own_answer());
}

}  // namespace
}  // namespace alicorn
