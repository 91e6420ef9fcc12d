#include "workers/http/body_reader.hpp"

#include "workers/http/abi_string.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const HttpLimits kLimits;
constexpr std::int64_t kChunked = -1;

/// A reader and all that it is given to fill. The bytes come in memory of their own, as short-lived
/// as a connection's.
class Body {
 public:
  explicit Body(std::int64_t content_length, const HttpLimits& limits = kLimits)
      : block_(limits, WorkerSettings::HeaderMap::kDrop), reader(limits, block_) {
    begin(content_length);
  }
  void begin(std::int64_t content_length) {
    reader.begin(content_length);
    out.clear();
    request.trailers.clear();
    consumed = 0;
  }
  ReadProgress read(std::string_view bytes) {
    const auto memory = std::make_unique<char[]>(bytes.size());
    bytes.copy(memory.get(), bytes.size());
    const ReadProgress progress = reader.read(memory.get(), bytes.size(), out, request);
    consumed += reader.consumed();
    return progress;
  }
  /// Byte by byte until there is a verdict.
  ReadProgress read_bytewise(std::string_view bytes) {
    ReadProgress progress = ReadProgress::kNeedMore;
    while (progress == ReadProgress::kNeedMore && !bytes.empty()) {
      progress = read(bytes.substr(0, 1));
      bytes.remove_prefix(1);
    }
    return progress;
  }
  std::vector<std::string> trailers() const {
    std::vector<std::string> texts;
    for (const alicorn_field& field : request.trailers) {
      texts.emplace_back(as_view(field.name)).append("=").append(as_view(field.value));
    }
    return texts;
  }

 private:
  FieldBlock block_;

 public:
  BodyReader reader;
  HttpRequest request;
  std::string out;
  std::size_t consumed = 0;
};

TEST(BodyReader, TakesALengthAndNoByteMore) {
  const std::string bytes = "hello" + std::string("GET");
  for (std::size_t cut = 0; cut < 5; ++cut) {
    Body body(5);
    ASSERT_EQ(body.read(bytes.substr(0, cut)), ReadProgress::kNeedMore);
    EXPECT_EQ(body.reader.consumed(), cut);
    ASSERT_EQ(body.read(bytes.substr(cut)), ReadProgress::kComplete);
    EXPECT_EQ(body.reader.consumed(), 5 - cut);
    EXPECT_EQ(body.out, "hello");
  }
}

TEST(BodyReader, ALengthOfNothingIsThereAtOnce) {
  Body body(0);
  EXPECT_EQ(body.read("GET"), ReadProgress::kComplete);
  EXPECT_EQ(body.consumed, 0U);
  EXPECT_EQ(body.out, "");
}

constexpr std::string_view kChunks =
    "5\r\nhello\r\n00c;x=\"y\"\r\n, \r\n0\r\nworld\r\n0\r\nX-Sum: 1\r\nVary: *\r\n\r\n";

TEST(BodyReader, ReadsTheSameChunksHoweverTheyAreCut) {
  const std::string bytes = std::string(kChunks) + "GET";
  for (std::size_t first = 0; first < kChunks.size(); ++first) {
    for (std::size_t second = first; second < kChunks.size(); ++second) {
      Body body(kChunked);
      ASSERT_EQ(body.read(bytes.substr(0, first)), ReadProgress::kNeedMore) << first;
      EXPECT_EQ(body.consumed, first);
      ASSERT_EQ(body.read(bytes.substr(first, second - first)), ReadProgress::kNeedMore) << second;
      ASSERT_EQ(body.read(bytes.substr(second)), ReadProgress::kComplete) << first << ' ' << second;
      EXPECT_EQ(body.consumed, kChunks.size());
      EXPECT_EQ(body.out, "hello, \r\n0\r\nworld");
      EXPECT_THAT(body.trailers(), ElementsAre("x-sum=1"));
    }
  }
  Body body(kChunked);
  EXPECT_EQ(body.read_bytewise(bytes), ReadProgress::kComplete);
  EXPECT_EQ(body.out, "hello, \r\n0\r\nworld");
}

struct Refused {
  std::string_view bytes;
  int status;
  std::string_view reason;  ///< "": llhttp's own words
};
constexpr HttpLimits kTight{
    .field_count_max = 2, .trailer_size_max = 20, .chunk_extensions_max = 8, .body_size_max = 10};
constexpr Refused kRefused[] = {
    {"x", 400, ""},
    {"\r", 400, ""},
    {"5\r\nhello!", 400, ""},
    {"5\r\nhello\r\n\r", 400, ""},
    {"00000000000000001", 400, "a chunk size is too long"},
    {"8000000000000000\r\n", 400, "a chunk size is over 63 bits"},
    {"b\r\n", 413, "the body is over the limit"},
    {"5\r\nhello\r\n6\r\n", 413, "the body is over the limit"},
    {"7fffffffffffffff\r\n", 413, "the body is over the limit"},
    {"1;a=345678\r\r", 400, ""},
    {"1;a=34567890", 400, "the chunk extensions are too long"},
    {"1;a=3\r\nx\r\n1;a=3456", 400, "the chunk extensions are too long"},
    {"0\r\nTransfer-Encoding:\r\nB", 400, "a field that frames the body, behind the body"},
    {"0\r\nA: b\r\n ", 400, ""},
    {"0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r", 400, "too many fields"},
    {"0\r\nA: 45678901234567890123", 400, "the trailers are too large"}};

TEST(BodyReader, RefusesAtTheByteThatDecides) {
  for (const auto& [bytes, status, reason] : kRefused) {
    Body body(kChunked, kTight);
    for (std::size_t end = 0; end + 1 < bytes.size(); ++end) {
      ASSERT_EQ(body.read(bytes.substr(end, 1)), ReadProgress::kNeedMore) << bytes << end;
      ASSERT_EQ(body.reader.consumed(), 1U);
    }
    EXPECT_EQ(body.read(bytes.substr(bytes.size() - 1)), ReadProgress::kRejected) << bytes;
    EXPECT_EQ(body.reader.rejection().status, status) << bytes;
    EXPECT_EQ(body.reader.consumed(), 0U);
    if (!reason.empty()) {
      EXPECT_EQ(body.reader.rejection().reason, reason) << bytes;
    }

    Body at_once(kChunked, kTight);
    EXPECT_EQ(at_once.read(std::string(bytes) + "\r\n\r\n"), ReadProgress::kRejected) << bytes;
    EXPECT_EQ(at_once.reader.rejection().status, status) << bytes;
    EXPECT_EQ(at_once.reader.consumed(), 0U);
  }
}

TEST(BodyReader, TakesWhatIsJustWithinTheLimits) {
  for (const std::string_view bytes :
       {"5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n", "0000000000000001\r\nx\r\n0\r\n\r\n",
        "1;a=3\r\nx\r\n1;a=3\r\nx\r\n0\r\n\r\n", "0\r\nA: 4567890123456\r\n\r\n",
        "0\r\nA: 1\r\nB: 2\r\n\r\n"}) {
    Body body(kChunked, kTight);
    EXPECT_EQ(body.read(bytes), ReadProgress::kComplete) << bytes;
    Body bytewise(kChunked, kTight);
    EXPECT_EQ(bytewise.read_bytewise(bytes), ReadProgress::kComplete) << bytes;
    EXPECT_EQ(bytewise.consumed, bytes.size());
  }
}

TEST(BodyReader, NoLimitOnTheBodyIsNone) {
  HttpLimits limits;
  limits.body_size_max = 0;
  Body body(kChunked, limits);
  EXPECT_EQ(body.read("7fffffffffffffff\r\nx"), ReadProgress::kNeedMore);
  EXPECT_EQ(body.out, "x");
}

TEST(BodyReader, DropsTrailersThatComeTooLateAndRefusesThoseThatFrame) {
  Body late(kChunked);
  EXPECT_EQ(late.read("0\r\nHost: b\r\nA: 1\r\nSet-Cookie: c\r\nB: 2\r\n\r\n"),
            ReadProgress::kComplete);
  EXPECT_THAT(late.trailers(), ElementsAre("a=1", "b=2"));
  Body framing(kChunked);
  EXPECT_EQ(framing.read("0\r\nA: 1\r\nTransfer-Encoding: x\r\nno colon\r\n\r\n"),
            ReadProgress::kRejected);
  EXPECT_THAT(framing.trailers(), IsEmpty());
}

TEST(BodyReader, WhatHasEndedStaysAsItIsUntilTheNextBegins) {
  Body chunked(kChunked);
  ASSERT_EQ(chunked.read(kChunks), ReadProgress::kComplete);
  EXPECT_EQ(chunked.read("5\r\nhello\r\n"), ReadProgress::kComplete);
  EXPECT_EQ(chunked.reader.consumed(), 0U);
  EXPECT_THAT(chunked.trailers(), ElementsAre("x-sum=1"));

  Body length(1);
  ASSERT_EQ(length.read("x"), ReadProgress::kComplete);
  EXPECT_EQ(length.read("y"), ReadProgress::kComplete);
  EXPECT_EQ(length.out, "x");

  Body refused(kChunked);
  ASSERT_EQ(refused.read("x"), ReadProgress::kRejected);
  EXPECT_EQ(refused.read("5\r\nhello\r\n"), ReadProgress::kRejected);
  EXPECT_EQ(refused.reader.rejection().status, 400);
  EXPECT_EQ(refused.out, "");
}

TEST(BodyReader, BeginsAnewFromWhereverItIs) {
  const auto expect_fresh = [](Body& body, std::string_view what) {
    body.begin(kChunked);
    EXPECT_FALSE(body.reader.rejection()) << what;
    EXPECT_EQ(body.read(kChunks), ReadProgress::kComplete) << what;
    EXPECT_EQ(body.out, "hello, \r\n0\r\nworld") << what;
    EXPECT_THAT(body.trailers(), ElementsAre("x-sum=1")) << what;
    body.begin(2);
    EXPECT_EQ(body.read("1\r\n"), ReadProgress::kComplete) << what;
    EXPECT_EQ(body.out, "1\r") << what;
    EXPECT_THAT(body.trailers(), IsEmpty()) << what;
  };
  for (std::size_t end = 0; end <= kChunks.size(); ++end) {
    Body body(kChunked);
    body.read(kChunks.substr(0, end));
    expect_fresh(body, kChunks.substr(0, end));
  }
  for (const auto& refused : kRefused) {
    Body body(kChunked);
    body.read(refused.bytes);
    expect_fresh(body, refused.bytes);
  }
  // What one body used of a limit is not held against the next.
  Body body(kChunked, kTight);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(body.read("8;a=3\r\n01234567\r\n0;b=5\r\nA: 1\r\nB: 2\r\n\r\n"),
              ReadProgress::kComplete);
    body.begin(kChunked);
  }
}

}  // namespace
}  // namespace alicorn
