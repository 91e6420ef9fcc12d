#include "tests/support/http_transcript.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace alicorn::test {
namespace {

/// The last line of the transcript, which must not depend on how the bytes came.
std::string verdict(const std::string& input, const ParserSetup& setup) {
  const std::string whole = transcript(input, setup);
  for (const std::size_t piece : {1U, 2U, 7U}) {
    EXPECT_EQ(transcript(input, setup, [&](std::size_t) { return piece; }), whole);
  }
  const std::size_t end = whole.rfind('\n');
  if (end == whole.npos) return {};
  const std::size_t begin = end == 0 ? whole.npos : whole.rfind('\n', end - 1);
  return whole.substr(begin + 1, end - begin - 1);
}

ParserSetup with(const std::function<void(HttpLimits&)>& change) {
  ParserSetup setup;
  change(setup.limits);
  return setup;
}

std::string get(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}
std::string post_chunked(const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body;
}

TEST(HttpParserLimits, RequestLine) {
  const ParserSetup setup = with([](HttpLimits& limits) { limits.request_line_max = 20; });
  const std::string rest = "\r\nHost: a\r\n\r\n";
  EXPECT_EQ(verdict("GET /567890 HTTP/1.1" + rest, setup), "complete");
  EXPECT_EQ(verdict("GET /5678901 HTTP/1.1" + rest, setup), "refused 414 (head)");
  EXPECT_EQ(verdict("GET /56789012 HTTP/1.1" + rest, setup), "refused 414 (head)");
  EXPECT_EQ(verdict("\r\nGET /567890 HTTP/1.1" + rest, setup), "complete");
  // Also while the line has not ended, and before any other fault in it.
  EXPECT_EQ(verdict(std::string(20, 'A'), setup), "incomplete head");
  EXPECT_EQ(verdict(std::string(20, 'A') + "\r", setup), "incomplete head");
  EXPECT_EQ(verdict("GET /" + std::string(15, 'a') + "\r\r", setup), "refused 414 (head)");
  EXPECT_EQ(verdict("GET /" + std::string(16, 'a'), setup), "refused 414 (head)");
  EXPECT_EQ(verdict("GET /" + std::string(16, 'a') + "\n", setup), "refused 414 (head)");
  EXPECT_EQ(verdict(std::string(20, 'A') + "\n", setup), "refused 400 (head)");
}

TEST(HttpParserLimits, AMethodThatFillsTheRequestLineIsNotImplemented) {
  const ParserSetup setup = with([](HttpLimits& limits) { limits.request_line_max = 20; });
  const std::string rest = " / HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(verdict(std::string(21, 'A'), setup), "refused 501 (head)");
  EXPECT_EQ(verdict(std::string(21, 'A') + "\n", setup), "refused 501 (head)");
  EXPECT_EQ(verdict(std::string(20, 'A') + "\r\r", setup), "refused 501 (head)");
  EXPECT_EQ(verdict(std::string(20, 'A') + rest, setup), "refused 501 (head)");
  EXPECT_EQ(verdict("\r\n" + std::string(300, 'A') + rest, setup), "refused 501 (head)");
  // The target is what is too long as soon as the method has ended.
  EXPECT_EQ(verdict(std::string(19, 'A') + rest, setup), "refused 414 (head)");
}

TEST(HttpParserLimits, FieldSize) {
  const ParserSetup setup = with([](HttpLimits& limits) { limits.field_size_max = 20; });
  EXPECT_EQ(verdict(get("X: " + std::string(17, 'v') + "\r\n"), setup), "complete");
  EXPECT_EQ(verdict(get("X:" + std::string(15, ' ') + "v  \r\n"), setup), "complete");
  EXPECT_EQ(verdict(get("X: " + std::string(18, 'v') + "\r\n"), setup), "refused 431 (head)");
  EXPECT_EQ(verdict(get("X: v" + std::string(17, ' ') + "\r\n"), setup), "refused 431 (head)");
  EXPECT_EQ(verdict(get(std::string(20, 'N') + ":\r\n"), setup), "refused 431 (head)");
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(verdict(head + std::string(22, 'N'), setup), "incomplete head");
  EXPECT_EQ(verdict(head + std::string(23, 'N'), setup), "refused 431 (head)");
  EXPECT_EQ(verdict(head + "X:" + std::string(21, ' '), setup), "refused 431 (head)");
}

TEST(HttpParserLimits, TheFirstFaultDecides) {
  const ParserSetup setup = with([](HttpLimits& limits) { limits.field_size_max = 20; });
  EXPECT_EQ(verdict(get("X: " + std::string(18, 'v') + std::string(9, '\0')), setup),
            "refused 400 (head)");
  EXPECT_EQ(verdict(get("X: " + std::string(40, 'v') + std::string(9, '\0')), setup),
            "refused 431 (head)");
  EXPECT_EQ(verdict(get("X: a\r\n " + std::string(60, 'b') + "\r\n"), setup), "refused 400 (head)");
}

TEST(HttpParserLimits, FieldCount) {
  const ParserSetup setup = with([](HttpLimits& limits) { limits.field_count_max = 3; });
  EXPECT_EQ(verdict(get("A: 1\r\nB: 2\r\n"), setup), "complete");
  EXPECT_EQ(verdict(get("A: 1\r\nB: 2\r\nC: 3\r\n"), setup), "refused 431 (head)");
  // Dropped ones count: they cost as much.
  EXPECT_EQ(verdict(get("A_B: 1\r\nProxy: 2\r\nC: 3\r\n"), setup), "refused 431 (head)");
}

TEST(HttpParserLimits, HeadSize) {
  const std::string head = get("A: 1\r\nB: 2\r\n");
  const auto size = static_cast<std::uint32_t>(head.size());
  EXPECT_EQ(verdict(head, with([&](HttpLimits& limits) { limits.head_size_max = size; })),
            "complete");
  EXPECT_EQ(verdict(head, with([&](HttpLimits& limits) { limits.head_size_max = size - 1; })),
            "refused 431 (head)");
  EXPECT_EQ(verdict(head, with([&](HttpLimits& limits) { limits.head_size_max = 5; })),
            "refused 431 (head)");
}

TEST(HttpParserLimits, ContentLengthOverTheLimitIsRefusedWithTheHead) {
  const ParserSetup setup = with([](HttpLimits& limits) { limits.body_size_max = 5; });
  EXPECT_EQ(verdict(get("Content-Length: 5\r\n") + "hello", setup), "complete");
  EXPECT_EQ(verdict(get("Content-Length: 6\r\n") + "hello!", setup), "refused 413 (head)");
  EXPECT_EQ(verdict(get("Content-Length: 6\r\nExpect: 100-continue\r\n"), setup),
            "refused 413 (head)");
}

TEST(HttpParserLimits, ChunkedBody) {
  const ParserSetup setup = with([](HttpLimits& limits) { limits.body_size_max = 5; });
  EXPECT_EQ(verdict(post_chunked("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), setup), "complete");
  EXPECT_EQ(verdict(post_chunked("2\r\nhe\r\n4\r\n"), setup), "refused 413 (body)");
  EXPECT_EQ(verdict(post_chunked("7fffffffffffffff\r\n"), setup), "refused 413 (body)");
  EXPECT_EQ(verdict(post_chunked("8000000000000000\r\n"), setup), "refused 400 (body)");
}

TEST(HttpParserLimits, NoLimitOnTheBody) {
  const ParserSetup setup = with([](HttpLimits& limits) { limits.body_size_max = 0; });
  EXPECT_EQ(verdict(get("Content-Length: 9223372036854775807\r\n"), setup), "incomplete body");
  EXPECT_EQ(verdict(get("Content-Length: 9223372036854775808\r\n"), setup), "refused 400 (head)");
  EXPECT_EQ(verdict(post_chunked("7fffffffffffffff\r\nx"), setup), "incomplete body");
  EXPECT_EQ(verdict(post_chunked("8000000000000000\r\n"), setup), "refused 400 (body)");
}

TEST(HttpParserLimits, ChunkExtensionsOfTheWholeBody) {
  const ParserSetup setup = with([](HttpLimits& limits) { limits.chunk_extensions_max = 10; });
  EXPECT_EQ(verdict(post_chunked("1;a=45\r\nx\r\n1;a=45\r\nx\r\n0\r\n\r\n"), setup), "complete");
  EXPECT_EQ(verdict(post_chunked("1;a=45\r\nx\r\n1;a=456\r\nx\r\n0\r\n\r\n"), setup),
            "refused 400 (body)");
  EXPECT_EQ(verdict(post_chunked("1;a=45\r\nx\r\n1;a=45\r\nx\r\n0;\r\n\r\n"), setup),
            "refused 400 (body)");
  // Also while the line does not end.
  EXPECT_EQ(verdict(post_chunked("1;" + std::string(9, 'a')), setup), "incomplete body");
  EXPECT_EQ(verdict(post_chunked("1;" + std::string(12, 'a')), setup), "refused 400 (body)");
}

TEST(HttpParserLimits, LeadingZerosOfAChunkSize) {
  EXPECT_EQ(verdict(post_chunked("0000000000000001\r\nx\r\n0\r\n\r\n"), {}), "complete");
  EXPECT_EQ(verdict(post_chunked("00000000000000001\r\nx\r\n0\r\n\r\n"), {}), "refused 400 (body)");
  EXPECT_EQ(verdict(post_chunked(std::string(100'000, '0')), {}), "refused 400 (body)");
}

TEST(HttpParserLimits, Trailers) {
  const ParserSetup setup = with([](HttpLimits& limits) { limits.trailer_size_max = 12; });
  EXPECT_EQ(verdict(post_chunked("0\r\nX: 34567890\r\n\r\n"), setup), "refused 400 (body)");
  EXPECT_EQ(verdict(post_chunked("0\r\nX: 4567890\r\n\r\nGET"), setup), "incomplete head");
  EXPECT_EQ(verdict(post_chunked("0\r\nX: 4567890\r\n\r\n"), setup), "complete");
  EXPECT_EQ(verdict(post_chunked("0\r\nA: 1\r\nB: 2\r\n\r\n"), setup), "complete");
  EXPECT_EQ(verdict(post_chunked("0\r\n" + std::string(40, 'a')), setup), "refused 400 (body)");
  const ParserSetup few = with([](HttpLimits& limits) { limits.field_count_max = 2; });
  EXPECT_EQ(verdict(post_chunked("0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n"), few), "refused 400 (body)");
}

}  // namespace
}  // namespace alicorn::test
