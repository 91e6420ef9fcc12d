// The reading half of a connection, from strings: every state of a body, every event in it.
#include "workers/connection/request_reader.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>

namespace alicorn {
namespace {

using Body = RequestReader::Body;
using Progress = HttpParser::Progress;
constexpr std::uint64_t kSecond = 1'000'000;

// Field names in lower case: the parser makes them so, in place.
std::string_view kGet = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
std::string_view kPost = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n";
std::string_view kExpecting =
    "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n";

class RequestReaderTest : public ::testing::Test {
 protected:
  void receive(std::string_view bytes) {
    std::memcpy(reader.input().space(bytes.size()), bytes.data(), bytes.size());
    reader.note_received(bytes.size());
  }
  /// A request whose head is there, and whatever follows it.
  void begin(std::string_view bytes, std::uint64_t now_us = 1) {
    receive(bytes);
    ASSERT_EQ(reader.read_head(now_us), Progress::kComplete);
    reader.begin_body();
  }
  Progress parse_piece() {
    const std::string_view piece = reader.next_piece();
    const Progress progress = reader.parser().parse_body(piece.data(), piece.size(), body);
    reader.note_parsed(progress);
    return progress;
  }
  /// A body in each of its states.
  void bring_to(Body state) {
    begin(state == Body::kNone ? kGet : kPost);
    if (state == Body::kNone || state == Body::kUnread) return;
    reader.await_body(1);
    if (state == Body::kStalled) reader.stall();
    if (state == Body::kHeldBack) reader.hold_back();
    if (state == Body::kAborted) reader.stop_awaiting_body();
    if (state == Body::kWhole) {
      receive("hello");
      parse_piece();
    }
  }

  BlockPool blocks;
  HttpLimits limits;
  RequestReader reader{blocks, limits, WorkerSettings::HeaderMap::kDrop};
  std::string body;
};

constexpr Body kEach[] = {Body::kNone,     Body::kUnread, Body::kAwaited, Body::kStalled,
                          Body::kHeldBack, Body::kWhole,  Body::kAborted};

TEST_F(RequestReaderTest, EachStateIsReached) {
  for (const Body state : kEach) {
    bring_to(state);
    EXPECT_EQ(reader.body(), state);
    EXPECT_EQ(reader.has_body(), state != Body::kNone);
    EXPECT_EQ(reader.body_is_whole(), state == Body::kNone || state == Body::kWhole);
    EXPECT_EQ(reader.awaits_body(),
              state == Body::kAwaited || state == Body::kStalled || state == Body::kHeldBack);
    reader.release();
    reader.next_request();
  }
}

TEST_F(RequestReaderTest, EachEventInEachStateLeadsWhereItShould) {
  struct Case {
    const char* event;
    void (*happens)(RequestReader&);
    Body (*leads_to)(Body);
  };
  const Case cases[] = {{"stall", [](RequestReader& r) { r.stall(); },
                         [](Body from) { return from == Body::kAwaited ? Body::kStalled : from; }},
                        {"read_on", [](RequestReader& r) { r.read_on(2); },
                         [](Body from) {
                           return from == Body::kStalled || from == Body::kHeldBack ? Body::kAwaited
                                                                                    : from;
                         }},
                        {"stop_awaiting", [](RequestReader& r) { r.stop_awaiting_body(); },
                         [](Body from) {
                           const bool awaited = from == Body::kAwaited || from == Body::kStalled ||
                                                from == Body::kHeldBack;
                           return awaited ? Body::kAborted : from;
                         }},
                        {"next_request", [](RequestReader& r) { r.next_request(); },
                         [](Body) { return Body::kNone; }}};
  for (const Case& one : cases) {
    for (const Body state : kEach) {
      bring_to(state);
      one.happens(reader);
      EXPECT_EQ(reader.body(), one.leads_to(state)) << one.event << " " << static_cast<int>(state);
      reader.release();
      reader.next_request();
    }
  }
}

TEST_F(RequestReaderTest, AHeadComesInAnyPieces) {
  for (std::size_t split = 1; split < kPost.size(); ++split) {
    receive(kPost.substr(0, split));
    EXPECT_EQ(reader.read_head(7), Progress::kNeedMore);
    EXPECT_TRUE(reader.has_begun());
    receive(kPost.substr(split));
    EXPECT_EQ(reader.read_head(9), Progress::kComplete);
    EXPECT_EQ(reader.received_us(), 7U) << "the first byte's time";
    reader.begin_body();
    EXPECT_EQ(reader.received_head(), kPost);
    reader.release();
    reader.next_request();
  }
}

TEST_F(RequestReaderTest, AnEmptyLineBeginsNoRequest) {
  receive("\r\n");
  EXPECT_EQ(reader.read_head(7), Progress::kNeedMore);
  EXPECT_FALSE(reader.has_begun());
  EXPECT_EQ(reader.received_us(), 0U);
}

TEST_F(RequestReaderTest, ABodyIsSetApartFromItsHead) {
  begin(std::string(kPost) + "hel");
  EXPECT_EQ(reader.received_head(), kPost);
  EXPECT_EQ(reader.next_piece(), "hel");
  EXPECT_EQ(parse_piece(), Progress::kNeedMore);
  receive("lo" + std::string(kGet));
  EXPECT_EQ(parse_piece(), Progress::kComplete);
  EXPECT_EQ(body, "hello");
  EXPECT_EQ(reader.unread(), kGet.size()) << "what is pipelined stays";
  EXPECT_EQ(reader.received_head(), kPost) << "the app's views still lead there";
}

TEST_F(RequestReaderTest, WithoutABodyTheHeadStaysInFrontOfWhatIsPipelined) {
  begin(std::string(kGet) + "GET");
  EXPECT_EQ(reader.unread(), 3U);
  EXPECT_EQ(reader.received_head(), kGet);
  reader.next_request();
  EXPECT_EQ(reader.input().size(), 3U);
  EXPECT_EQ(reader.bytes_in(), 3U) << "they are the next request's";
  receive(std::string(kGet).substr(3));
  EXPECT_EQ(reader.read_head(1), Progress::kComplete);
}

TEST_F(RequestReaderTest, AContinueIsOwedOnce) {
  begin(kExpecting);
  EXPECT_TRUE(reader.owes_continue());
  EXPECT_TRUE(reader.await_body(1));
  EXPECT_FALSE(reader.owes_continue());
  EXPECT_FALSE(reader.await_body(1));
}

TEST_F(RequestReaderTest, NoContinueToWhoeverSendsAlready) {
  begin(std::string(kExpecting) + "h");
  EXPECT_FALSE(reader.await_body(1));
  EXPECT_FALSE(reader.owes_continue());
}

TEST_F(RequestReaderTest, OnlyAnAwaitedByteIsLate) {
  Deadlines deadlines;
  deadlines.body = std::chrono::seconds(30);
  begin(kPost);
  reader.await_body(100 * kSecond);
  EXPECT_FALSE(reader.body_is_late(deadlines, 130 * kSecond));
  EXPECT_TRUE(reader.body_is_late(deadlines, 130 * kSecond + 1));
  reader.note_body_moved(120 * kSecond);
  EXPECT_FALSE(reader.body_is_late(deadlines, 150 * kSecond));
  reader.hold_back();
  reader.read_on(200 * kSecond);
  EXPECT_FALSE(reader.body_is_late(deadlines, 230 * kSecond)) << "we took our time, not the client";
  deadlines.body = milliseconds(0);
  EXPECT_FALSE(reader.body_is_late(deadlines, 1000 * kSecond)) << "0: off";
}

TEST_F(RequestReaderTest, ARateIsAveragedOverTheTimeInWhichWeRead) {
  Deadlines deadlines;
  deadlines.body = milliseconds(0);
  deadlines.body_min_rate = 1000;
  const auto look_for_a_minute = [&](bool reads) {
    for (std::uint64_t t = 1; t <= 120; ++t) {
      reader.look_at_rate(deadlines, reads, t * kSecond / 2);
    }
    return reader.body_is_late(deadlines, 60 * kSecond);
  };
  begin(kPost);
  reader.await_body(1);
  EXPECT_FALSE(look_for_a_minute(false));
  EXPECT_TRUE(look_for_a_minute(true));
  reader.next_request();
  EXPECT_FALSE(reader.body_is_late(deadlines, 60 * kSecond)) << "another request";
}

TEST_F(RequestReaderTest, TheRestOfAHeldBackBodyComesUnlessTheClientHasSentTooLittle) {
  begin(std::string(kPost) + "he");
  EXPECT_FALSE(reader.rest_will_not_come(std::nullopt, 5)) << "it may send more";
  EXPECT_TRUE(reader.rest_will_not_come(2, 5));
  EXPECT_FALSE(reader.rest_will_not_come(3, 5));
  EXPECT_TRUE(reader.rest_will_not_come(0, -1));
  EXPECT_FALSE(reader.rest_will_not_come(1, -1)) << "the last chunk may be in it";
}

TEST_F(RequestReaderTest, WhileTheAppLooksAtAHeadOnlyItsBlocksRoomIsUsed) {
  begin(kGet);
  const char* const before = reader.received_head().data();
  std::size_t received = 0;
  while (reader.has_room_to_read()) {
    reader.note_received(reader.input().room());
    received = reader.input().size();
  }
  EXPECT_EQ(received, BlockPool::kBlockSize);
  EXPECT_EQ(reader.received_head().data(), before) << "nothing has moved";
}

/// The answer is on its way, so nobody passes the body on. It must not take all memory meanwhile.
TEST_F(RequestReaderTest, ABodyThatNobodyTakesWaitsInTheKernel) {
  begin("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
  for (int reads = 0; reads < 1000 && reader.has_room_to_read(); ++reads) {
    reader.note_received(reader.space_to_read().iov_len);
  }
  EXPECT_FALSE(reader.has_room_to_read());
  EXPECT_LE(reader.input().size(), BlockPool::kBlockSize);
}

TEST_F(RequestReaderTest, BetweenTwoRequestsTheInputNeedsNoMemory) {
  begin(kGet);
  reader.release_if_idle();
  EXPECT_TRUE(reader.input().has_block()) << "the app looks at the head";
  reader.next_request();
  reader.release_if_idle();
  EXPECT_FALSE(reader.input().has_block());
  EXPECT_GE(reader.space_to_read().iov_len, 4096U);
}

TEST_F(RequestReaderTest, APartOfAHeadIsKept) {
  begin(std::string(kGet) + "GET");
  reader.next_request();
  reader.release_if_idle();
  EXPECT_EQ(std::string_view(reader.input().data(), reader.input().size()), "GET");
}

TEST_F(RequestReaderTest, ABodyThatComesWithItsHeadStaysWhereItIs) {
  begin(std::string(kPost) + "helloGET");
  EXPECT_EQ(reader.body(), Body::kWhole);
  EXPECT_EQ(reader.body_in_place(), "hello");
  EXPECT_EQ(reader.body_in_place().data(), reader.received_head().data() + kPost.size());
  EXPECT_EQ(reader.received_head(), kPost);
  EXPECT_EQ(reader.unread(), 3U) << "what is pipelined";
  reader.next_request();
  EXPECT_EQ(reader.body_in_place(), "");
  EXPECT_EQ(std::string_view(reader.input().data(), reader.input().size()), "GET");
}

TEST_F(RequestReaderTest, ABodyThatIsIncompleteOrHasNoLengthIsNotInPlace) {
  const std::string_view chunked =
      "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
  for (const std::string& bytes :
       {std::string(kPost) + "hell", std::string(chunked), std::string(kGet)}) {
    begin(bytes);
    EXPECT_EQ(reader.body_in_place(), "") << bytes;
    reader.release();
    reader.next_request();
  }
}

TEST_F(RequestReaderTest, NoContinueForABodyInPlace) {
  begin(std::string(kExpecting) + "hello");
  EXPECT_FALSE(reader.owes_continue());
  EXPECT_FALSE(reader.body_comes_first(false));
  EXPECT_FALSE(reader.body_comes_first(true));
}

TEST_F(RequestReaderTest, WhileTheAppLooksAtABodyInPlaceNothingMoves) {
  begin(std::string(kPost) + "hello");
  const char* const before = reader.body_in_place().data();
  while (reader.has_room_to_read()) reader.note_received(reader.input().room());
  EXPECT_EQ(reader.input().size(), BlockPool::kBlockSize);
  EXPECT_EQ(reader.body_in_place().data(), before);
  EXPECT_EQ(reader.body_in_place(), "hello");
}

TEST_F(RequestReaderTest, TheInputGoesWithACallThatStillLooks) {
  struct Case {
    std::string_view head;
    const char* first;   // what comes with it
    const char* second;  // and what comes later
    bool is_apart;
  };
  for (const auto& [head, first, second, is_apart] :
       {Case{kGet, "GET", "", false}, Case{kPost, "helloGET", "", false},
        Case{kPost, "he", "lloGET", true}}) {
    begin(std::string(head) + first);
    receive(second);
    while (!reader.body_is_whole()) parse_piece();
    const char* const bytes = reader.received_head().data();
    RequestView view;
    reader.leave_input_with(view);
    reader.next_request();
    EXPECT_EQ(std::string_view(reader.input().data(), reader.input().size()), "GET");
    EXPECT_EQ(std::string_view(bytes, head.size()), head);
    if (head == kPost && !is_apart) {
      EXPECT_EQ(std::string_view(bytes + head.size(), 5), "hello");
    }
    reader.release();
    reader.next_request();
  }
}

}  // namespace
}  // namespace alicorn
