#include "workers/http/field_block.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {
namespace {

using Fed = FieldBlock::Fed;
using HeaderMap = WorkerSettings::HeaderMap;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const HttpLimits kLimits;

/// Feeds the first `end` bytes of `text` from memory of their own, so that a pointer into the last
/// call's is a fault that a sanitizer sees. Adds "name=value" of the fields.
Fed feed(FieldBlock& block, std::string_view text, std::size_t end,
         std::vector<std::string>* fields = nullptr) {
  const auto memory = std::make_unique<char[]>(end);
  text.copy(memory.get(), end);
  for (const FieldBlock::Field& field : block.fields()) {  // lowered by an earlier call
    std::string name(field.name.in(text.data()));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    name.copy(memory.get() + field.name.begin, name.size());
  }
  const Fed fed = block.feed(memory.get(), end);
  if (fields != nullptr) {
    fields->clear();
    for (const FieldBlock::Field& field : block.fields()) {
      fields->emplace_back(field.name.in(memory.get()));
      fields->back().append("=").append(field.value.in(memory.get()));
    }
  }
  return fed;
}

/// The status with which a head's block of fields is refused; 0: it is not.
int refusal_of(std::string_view text, const HttpLimits& limits = kLimits,
               HeaderMap header_map = HeaderMap::kDrop) {
  FieldBlock block(limits, header_map);
  block.begin_head(1, 0);
  return feed(block, text, text.size()) == Fed::kError ? block.rejection().status : 0;
}

TEST(FieldBlock, ReadsTheSameHoweverTheBytesAreCut) {
  const std::string text =
      "GET\r\nHost: a:1\r\nX-Two:\t b  c \t\r\nEmpty:\r\nBlank: \t\r\n\r\nrest";
  const std::size_t begin = 5;
  const std::size_t end = text.find("rest");
  for (std::size_t first = begin; first <= text.size(); ++first) {
    for (const std::size_t second : {first, std::min(first + 1, text.size()), text.size()}) {
      FieldBlock block(kLimits, HeaderMap::kDrop);
      block.begin_head(1, begin);
      std::vector<std::string> fields;
      Fed fed = Fed::kAll;
      for (const std::size_t piece : {first, second, text.size()}) {
        if (fed == Fed::kAll) fed = feed(block, text, piece, &fields);
        EXPECT_EQ(fed, piece < end ? Fed::kAll : Fed::kBlockEnded) << first << ' ' << piece;
        if (piece >= end) break;
      }
      EXPECT_THAT(fields, ElementsAre("host=a:1", "x-two=b  c", "empty=", "blank="));
      EXPECT_EQ(block.line_begin() + 2, end);
    }
  }
}

TEST(FieldBlock, ReadsByteByByteAndTellsWhereTheLineInHandBegins) {
  const std::string text = "A: b\r\nCc: d\r\n\r\n";
  FieldBlock block(kLimits, HeaderMap::kDrop);
  block.begin_head(1, 0);
  for (std::size_t end = 0; end < text.size(); ++end) {
    ASSERT_EQ(feed(block, text, end), Fed::kAll) << end;
    // A line has ended with the byte behind it: a blank would have gone on with the value.
    EXPECT_EQ(block.line_begin(), end <= 6 ? 0U : end <= 13 ? 6U : 13U) << end;
  }
  EXPECT_EQ(feed(block, text, text.size()), Fed::kBlockEnded);
  EXPECT_EQ(block.line_begin(), 13U);
}

TEST(FieldBlock, RefusesALineThatIsNoNameColonValue) {
  for (const char* const bad :
       {"A: b\r\n c\r\n\r\n", ": b\r\n\r\n", "A : b\r\n\r\n", " A: b\r\n\r\n", "A\r\n\r\n",
        "A: b\n\r\n", "A: b\r\r\n\r\n", "A: b\r\n\n", "A: b\r\n\r\r", "A: \x01\r\n\r\n",
        "A(: b\r\n\r\n", "A: b\r\n:\r\n\r\n", "A:\r\n b\r\n\r\n", "\n", "A: b\rC: d\r\n\r\n"}) {
    EXPECT_EQ(refusal_of(bad), 400) << bad;
    FieldBlock block(kLimits, HeaderMap::kDrop);
    block.begin_head(1, 0);
    const std::string_view text = bad;
    Fed fed = Fed::kAll;
    for (std::size_t end = 1; fed == Fed::kAll && end <= text.size(); ++end) {
      fed = feed(block, text, end);
    }
    EXPECT_EQ(fed, Fed::kError) << bad;
    EXPECT_STRNE(block.rejection().reason, "") << bad;
  }
}

TEST(FieldBlock, KeepsTheFieldsBeforeAFaultAndSaysWhereItIs) {
  const std::string text = "A: 1\r\nB: 2\r\nno colon\r\n\r\n";
  FieldBlock block(kLimits, HeaderMap::kDrop);
  block.begin_head(1, 0);
  std::vector<std::string> fields;
  EXPECT_EQ(feed(block, text, text.size(), &fields), Fed::kError);
  EXPECT_THAT(fields, ElementsAre("a=1", "b=2"));
  EXPECT_EQ(block.line_begin(), 12U);
  EXPECT_EQ(block.error_offset(), 14U) << "at the blank, which no name has";
}

TEST(FieldBlock, AFoldIsFoundWhereItBegins) {
  // llhttp reports the folded piece at its end, which a limit must not be measured by.
  const std::string text = "A: b\r\n " + std::string(50, 'c') + "\r\n\r\n";
  FieldBlock block(kLimits, HeaderMap::kDrop);
  block.begin_head(1, 0);
  EXPECT_EQ(feed(block, text, text.size()), Fed::kError);
  EXPECT_LE(block.error_offset(), 8U);
}

TEST(FieldBlock, HoldsEachLineToItsLimit) {
  HttpLimits limits;
  limits.field_size_max = 10;
  EXPECT_EQ(refusal_of("A: 4567890\r\n\r\n", limits), 0);
  EXPECT_EQ(refusal_of("A: 45678901\r\n\r\n", limits), 431);
  EXPECT_EQ(refusal_of("A: 4       \r\n\r\n", limits), 431) << "white space counts";
  limits.field_count_max = 2;
  EXPECT_EQ(refusal_of("A: 1\r\nB: 2\r\n\r\n", limits), 0);
  EXPECT_EQ(refusal_of("A: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits), 431);
  EXPECT_EQ(refusal_of("A: 1\r\nB_: 2\r\nProxy: 3\r\n\r\n", limits), 431) << "it cost as much";
}

TEST(FieldBlock, LeavesOutNamesThatAnAppWouldMisread) {
  const std::string text = "X_Y: 1\r\nPROXY: 2\r\nProxy-X: 3\r\n\r\n";
  const auto fields_with = [&](HeaderMap header_map) {
    FieldBlock block(kLimits, header_map);
    block.begin_head(1, 0);
    std::vector<std::string> fields;
    EXPECT_EQ(feed(block, text, text.size(), &fields), Fed::kBlockEnded);
    return fields;
  };
  EXPECT_THAT(fields_with(HeaderMap::kDrop), ElementsAre("proxy-x=3"));
  EXPECT_THAT(fields_with(HeaderMap::kDangerous), ElementsAre("x_y=1", "proxy-x=3"));
  EXPECT_EQ(refusal_of(text, kLimits, HeaderMap::kRefuse), 400);
  EXPECT_EQ(refusal_of("X-Y: 1\r\n\r\n", kLimits, HeaderMap::kRefuse), 0);
}

TEST(FieldBlock, FramesABodyByItsFields) {
  const auto frames = [](std::string_view text, std::int64_t length) {
    FieldBlock block(kLimits, HeaderMap::kDrop);
    block.begin_head(1, 0);
    EXPECT_EQ(feed(block, text, text.size()), Fed::kBlockEnded) << text;
    return block.frames_body_as(length);
  };
  EXPECT_TRUE(frames("\r\n", 0));
  EXPECT_FALSE(frames("\r\n", -1));
  EXPECT_FALSE(frames("\r\n", 1));
  EXPECT_TRUE(frames("Content-Length: 7\r\n\r\n", 7));
  EXPECT_FALSE(frames("Content-Length: 7\r\n\r\n", 0));
  EXPECT_FALSE(frames("Content-Length: 7\r\n\r\n", -1));
  EXPECT_TRUE(frames("Transfer-Encoding: chunked\r\n\r\n", -1));
  EXPECT_FALSE(frames("Transfer-Encoding: chunked\r\n\r\n", 0));
}

TEST(FieldBlock, ReadsChunksInPieces) {
  FieldBlock block(kLimits, HeaderMap::kDrop);
  std::string out;
  block.begin_chunks();
  EXPECT_EQ(block.chunk_size(), std::nullopt);
  EXPECT_TRUE(block.feed_size_line("1", 1));
  EXPECT_EQ(block.chunk_size(), std::nullopt);
  EXPECT_TRUE(block.feed_size_line("0;a=b\r", 6));
  EXPECT_EQ(block.chunk_size(), std::nullopt) << "the line has not ended";
  EXPECT_TRUE(block.feed_size_line("\n", 1));
  EXPECT_EQ(block.chunk_size(), 16U);
  EXPECT_TRUE(block.feed_chunk("01234567", 8, out));
  EXPECT_TRUE(block.feed_chunk("89abcdef\r", 9, out));
  EXPECT_TRUE(block.feed_chunk("\n", 1, out));
  EXPECT_EQ(out, "0123456789abcdef");
  block.begin_size_line();
  EXPECT_EQ(block.chunk_size(), std::nullopt);
  EXPECT_TRUE(block.feed_size_line("0\r\n", 3));
  EXPECT_EQ(block.chunk_size(), 0U);
  block.begin_trailers();
  std::vector<std::string> fields;
  const std::string trailers = "X: 1\r\n\r\nGET";
  EXPECT_EQ(feed(block, trailers, 5, &fields), Fed::kAll);
  EXPECT_THAT(fields, IsEmpty());
  EXPECT_EQ(feed(block, trailers, trailers.size(), &fields), Fed::kBlockEnded);
  EXPECT_THAT(fields, ElementsAre("x=1"));
  EXPECT_EQ(block.line_begin(), 6U);
}

TEST(FieldBlock, RefusesMalformedChunks) {
  for (const std::string_view bad : {"x\r\n", "\r\n", " 1\r\n", "1 \r\n", "-1\r\n", "0x1\r\n",
                                     "10000000000000000\r\n", "1;\x01\r\n"}) {
    FieldBlock block(kLimits, HeaderMap::kDrop);
    block.begin_chunks();
    EXPECT_FALSE(block.feed_size_line(bad.data(), bad.size())) << bad;
    EXPECT_EQ(block.rejection().status, 400) << bad;
  }
  for (const std::string_view bad : {"xy\r", "x\ny", "x\r\r"}) {
    FieldBlock block(kLimits, HeaderMap::kDrop);
    std::string out;
    block.begin_chunks();
    ASSERT_TRUE(block.feed_size_line("1\r\n", 3));
    EXPECT_FALSE(block.feed_chunk(bad.data(), bad.size(), out)) << bad;
    EXPECT_EQ(out, "x");
  }
}

TEST(FieldBlock, BeginsAnewFromWhereverItIs) {
  HttpLimits limits;
  limits.field_count_max = 2;
  const std::vector<void (*)(FieldBlock&)> befores = {
      [](FieldBlock&) {},
      [](FieldBlock& block) {  // within a line
        block.begin_head(0, 0);
        EXPECT_EQ(feed(block, "A: 1\r\nB", 7), Fed::kAll);
      },
      [](FieldBlock& block) {  // an end
        block.begin_head(1, 0);
        EXPECT_EQ(feed(block, "Content-Length: 5\r\n\r\n", 21), Fed::kBlockEnded);
      },
      [](FieldBlock& block) {  // a fault of the block
        block.begin_head(1, 0);
        EXPECT_EQ(feed(block, "A: 1\r\nB: 2\r\nC: 3\r\n\r", 19), Fed::kError);
        EXPECT_EQ(block.rejection().status, 431);
      },
      [](FieldBlock& block) {  // a fault that llhttp found
        block.begin_head(1, 0);
        EXPECT_EQ(feed(block, "no colon", 8), Fed::kError);
      },
      [](FieldBlock& block) {  // within a size line
        block.begin_chunks();
        EXPECT_TRUE(block.feed_size_line("12", 2));
      },
      [](FieldBlock& block) {  // within a chunk
        std::string out;
        block.begin_chunks();
        EXPECT_TRUE(block.feed_size_line("5\r\n", 3));
        EXPECT_TRUE(block.feed_chunk("he", 2, out));
      },
      [](FieldBlock& block) {  // within trailers
        block.begin_chunks();
        EXPECT_TRUE(block.feed_size_line("0\r\n", 3));
        block.begin_trailers();
        EXPECT_EQ(feed(block, "X: 1\r\nY", 7), Fed::kAll);
      }};
  for (std::size_t i = 0; i < befores.size(); ++i) {
    FieldBlock block(limits, HeaderMap::kDrop);
    std::vector<std::string> fields;
    befores[i](block);
    block.begin_head(1, 0);
    EXPECT_THAT(block.fields(), IsEmpty()) << i;
    EXPECT_EQ(feed(block, "D: 4\r\nE: 5\r\n\r\n", 14, &fields), Fed::kBlockEnded) << i;
    EXPECT_THAT(fields, ElementsAre("d=4", "e=5")) << i;
    EXPECT_TRUE(block.frames_body_as(0)) << i;

    befores[i](block);
    block.begin_head(1, 0);
    EXPECT_EQ(feed(block, "no colon", 8), Fed::kError) << i;
    EXPECT_EQ(block.rejection().status, 400) << i << ": and not the reason of a fault before";

    befores[i](block);
    block.begin_chunks();
    EXPECT_EQ(block.chunk_size(), std::nullopt) << i;
    EXPECT_TRUE(block.feed_size_line("0\r\n", 3)) << i;
    block.begin_trailers();
    EXPECT_EQ(feed(block, "F: 6\r\n\r\n", 8, &fields), Fed::kBlockEnded) << i;
    EXPECT_THAT(fields, ElementsAre("f=6")) << i;
  }
}

}  // namespace
}  // namespace alicorn
