// A body between client and app, in every state of its arrival, without a thread or a socket.
#include "workers/app/request_body.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace alicorn {
namespace {

using Arrival = RequestBody::Arrival;
using Taking = RequestBody::Taking;
using Kind = RequestBody::Next::Kind;

std::string text_of(const RequestBody::Next& next) {
  return {next.piece.data, next.piece.size};
}

TEST(RequestBody, WithoutABodyAllOfItIsThere) {
  for (const Taking taking : {Taking::kWhole, Taking::kStreamed}) {
    RequestBody body;
    body.open(taking, false);
    EXPECT_EQ(body.arrival(), Arrival::kWhole);
    EXPECT_EQ(body.next().kind, Kind::kEnd);
  }
}

TEST(RequestBody, ArrivesOnce) {
  RequestBody whole;
  whole.open(Taking::kStreamed, true);
  EXPECT_EQ(whole.arrival(), Arrival::kAwaited);
  whole.end({});
  EXPECT_EQ(whole.arrival(), Arrival::kWhole);
  whole.abort();
  EXPECT_EQ(whole.arrival(), Arrival::kWhole) << "nothing of it is missing";
  RequestBody aborted;
  aborted.open(Taking::kStreamed, true);
  aborted.abort();
  EXPECT_EQ(aborted.arrival(), Arrival::kAborted);
}

TEST(RequestBody, AStreamedOneComesInPiecesThenEnds) {
  RequestBody body;
  body.open(Taking::kStreamed, true);
  EXPECT_EQ(body.next().kind, Kind::kNotYet);
  body.incoming() += "ab";
  body.incoming() += "c";
  EXPECT_EQ(text_of(body.next()), "abc");
  EXPECT_EQ(body.next().kind, Kind::kNotYet);
  body.incoming() += "d";
  body.end({});
  EXPECT_EQ(text_of(body.next()), "d") << "what is there comes before the end";
  EXPECT_EQ(body.next().kind, Kind::kEnd);
  EXPECT_EQ(body.next().kind, Kind::kEnd);
}

TEST(RequestBody, OfAStreamedOneThatIsAbortedTheAppGetsWhatCame) {
  RequestBody body;
  body.open(Taking::kStreamed, true);
  body.incoming() += "abc";
  body.abort();
  EXPECT_EQ(text_of(body.next()), "abc");
  EXPECT_EQ(body.next().kind, Kind::kAborted);
}

TEST(RequestBody, APieceStaysUntilTheNextCall) {
  RequestBody body;
  body.open(Taking::kStreamed, true);
  body.incoming() += "first";
  const RequestBody::Next first = body.next();
  body.incoming() += "second";
  EXPECT_EQ(text_of(first), "first");
}

TEST(RequestBody, AWholeOneIsGivenOnce) {
  RequestBody body;
  body.open(Taking::kWhole, true);
  body.incoming() += "abc";
  body.end({});
  EXPECT_EQ(body.whole(), "abc");
  EXPECT_EQ(text_of(body.next()), "abc");
  EXPECT_EQ(body.next().kind, Kind::kEnd);
  EXPECT_EQ(body.whole(), "abc") << "the request still shows it";
}

TEST(RequestBody, APlacedOneIsGivenOnceAndNotCopied) {
  const std::string memory = "abc";
  for (const Taking taking : {Taking::kWhole, Taking::kStreamed}) {
    RequestBody body;
    body.open(taking, true);
    body.place(memory);
    EXPECT_EQ(body.arrival(), Arrival::kWhole);
    EXPECT_EQ(body.whole().data(), memory.data());
    const RequestBody::Next next = body.next();
    EXPECT_EQ(next.piece.data, memory.data());
    EXPECT_EQ(text_of(next), "abc");
    EXPECT_EQ(body.next().kind, Kind::kEnd);
    EXPECT_EQ(body.whole(), "abc") << "the request still shows it";
    body.reset();
    EXPECT_EQ(body.placed(), "");
    body.open(taking, false);
    EXPECT_EQ(body.next().kind, Kind::kEnd);
  }
}

TEST(RequestBody, OneThatIsAskedForWhereThereIsNoneTakesNothingFromTheNext) {
  for (const Taking taking : {Taking::kWhole, Taking::kStreamed}) {
    for (const bool is_placed : {true, false}) {
      RequestBody body;
      body.open(taking, false);
      EXPECT_EQ(body.next().kind, Kind::kEnd);
      EXPECT_FALSE(body.is_wanted());
      body.reset();
      body.open(taking, true);
      if (is_placed) {
        body.place("abc");
      } else {
        body.incoming() += "abc";
        body.end({});
      }
      EXPECT_EQ(text_of(body.next()), "abc");
      EXPECT_EQ(body.next().kind, Kind::kEnd);
    }
  }
}

TEST(RequestBody, TheClientIsHeldBackUntilTheAppHasTakenWhatIsThere) {
  RequestBody body;
  body.open(Taking::kStreamed, true);
  body.incoming().assign(RequestBody::kHighWater - 1, 'x');
  EXPECT_TRUE(body.has_room());
  EXPECT_FALSE(body.next().made_room) << "nobody was held back";
  body.incoming().assign(RequestBody::kHighWater, 'x');
  EXPECT_FALSE(body.has_room());
  EXPECT_TRUE(body.next().made_room);
  EXPECT_TRUE(body.has_room());
}

TEST(RequestBody, TrailersAreCopied) {
  RequestBody body;
  body.open(Taking::kStreamed, true);
  {
    const std::string name = "x-sum", value = "1";
    body.end({{{name.data(), name.size()}, {value.data(), value.size()}},
              {{name.data(), name.size()}, {"", 0}}});
  }
  ASSERT_EQ(body.trailers().size(), 2U);
  EXPECT_EQ(std::string(body.trailers()[0].name.data, body.trailers()[0].name.size), "x-sum");
  EXPECT_EQ(std::string(body.trailers()[0].value.data, body.trailers()[0].value.size), "1");
  EXPECT_EQ(body.trailers()[1].value.size, 0U);
}

TEST(RequestBody, RoomIsMadeForAKnownLengthOnceTheClientHasBegun) {
  constexpr std::size_t kBegun = 1024;
  RequestBody body;
  body.open(Taking::kWhole, true);
  body.make_room(1 << 20, kBegun);
  EXPECT_LT(body.incoming().capacity(), std::size_t{1} << 20) << "a length alone costs nothing";
  body.incoming().assign(kBegun, 'x');
  body.make_room(1 << 20, kBegun);
  EXPECT_GE(body.incoming().capacity(), std::size_t{1} << 20);
  body.make_room(std::int64_t{1} << 40, kBegun);
  EXPECT_LT(body.incoming().capacity(), std::size_t{64} << 20) << "a client may say any length";
  body.make_room(-1, kBegun);
}

TEST(RequestBody, ANextRequestFindsNothingOfTheOneBefore) {
  RequestBody body;
  body.open(Taking::kStreamed, true);
  body.incoming().assign(RequestBody::kHighWater, 'x');
  EXPECT_FALSE(body.has_room());
  body.record().append("abc", 10, 10);
  body.end({{{"a", 1}, {"b", 1}}});
  body.reset();
  body.open(Taking::kWhole, true);
  EXPECT_EQ(body.arrival(), Arrival::kAwaited);
  EXPECT_EQ(body.size(), 0U);
  EXPECT_TRUE(body.trailers().empty());
  EXPECT_EQ(body.record().total(), 0U);
  EXPECT_LT(body.incoming().capacity(), RequestBody::kHighWater) << "large buffers are not kept";
}

}  // namespace
}  // namespace alicorn
