#include "workers/replay/response_reader.hpp"

#include "alicorn/app.h"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

constexpr std::string_view kLength = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
constexpr std::string_view kChunked =
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhel\nlo\r\n0\r\nX-Sum: 1\r\n\r\n";
constexpr std::string_view kNone = "HTTP/1.1 204 No Content\r\n\r\n";
constexpr std::string_view kUntilClose = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHTTP/1.1 ";

/// However the bytes come.
std::size_t count(const std::string& bytes, std::vector<std::int32_t> methods = {}) {
  ResponseReader at_once(methods);
  at_once.receive(bytes);
  ResponseReader one_by_one(methods);
  for (const char& byte : bytes) one_by_one.receive({&byte, 1});
  EXPECT_EQ(at_once.complete(), one_by_one.complete());
  return at_once.complete();
}

TEST(ResponseReader, CountsWholeResponses) {
  const std::string all = std::string(kLength) + std::string(kChunked) + std::string(kNone);
  EXPECT_EQ(count(all), 3U);
  EXPECT_EQ(count(all.substr(0, all.size() - 1)), 2U);
  EXPECT_EQ(count(std::string(kLength.substr(0, kLength.size() - 1))), 0U);
  EXPECT_EQ(count(std::string(kChunked.substr(0, kChunked.size() - 2))), 0U);
}

TEST(ResponseReader, KnowsThatAResponseToHeadHasNoBody) {
  const std::string head(kLength.substr(0, kLength.size() - 5));
  EXPECT_EQ(count(head, {ALICORN_METHOD_HEAD}), 1U);
  EXPECT_EQ(count(head + std::string(kLength), {ALICORN_METHOD_HEAD, ALICORN_METHOD_GET}), 2U);
}

TEST(ResponseReader, KnowsThatTheConnectionEndsAsItWasSaid) {
  constexpr std::string_view kLast =
      "HTTP/1.1 200 OK\r\nconnection: Close\r\ncontent-length: 1\r\n\r\n!";
  ResponseReader reader({});
  reader.receive(kLast);
  EXPECT_TRUE(reader.closed_in_order());
  reader.receive(kLast.substr(0, kLast.size() - 1));
  EXPECT_FALSE(reader.closed_in_order()) << "a part is missing";
  reader.receive("!");
  reader.receive(kLength);
  EXPECT_FALSE(reader.closed_in_order());
}

TEST(ResponseReader, TakesTheConnectionsEndForTheResponses) {
  ResponseReader reader({});
  reader.receive(kUntilClose);
  EXPECT_EQ(reader.complete(), 0U);
  reader.end();
  EXPECT_EQ(reader.complete(), 1U);
  EXPECT_EQ(reader.last_status(), 200);
}

}  // namespace
}  // namespace alicorn
