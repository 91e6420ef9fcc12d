#include "workers/replay/recorded_requests.hpp"

#include "alicorn/app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alicorn {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using End = RecordedRequests::End;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\nIf-Match: *\r\n\r\n";
constexpr std::string_view kPost =
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nCookie: *****\r\n\r\nhi";
constexpr std::string_view kChunked =
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";

RecordedRequests examine(const std::string& bytes) {
  return examine_recording(bytes, WorkerSettings{});
}
std::string text(std::string_view view) {
  return std::string(view);
}

TEST(RecordedRequests, AreCountedOverTheirBodies) {
  const RecordedRequests all = examine(text(kPost) + text(kChunked) + text(kGet));
  EXPECT_THAT(all.methods,
              ElementsAre(ALICORN_METHOD_POST, ALICORN_METHOD_PUT, ALICORN_METHOD_GET));
  EXPECT_THAT(all.ends, ElementsAre(kPost.size(), kPost.size() + kChunked.size(),
                                    kPost.size() + kChunked.size() + kGet.size()));
  EXPECT_EQ(all.end, End::kWhole);
  EXPECT_EQ(describe_recording(all), "3 requests");
}

TEST(RecordedRequests, SayWhichValuesAreMasked) {
  EXPECT_THAT(examine(text(kPost) + text(kPost)).masked, ElementsAre("cookie"));
  EXPECT_THAT(examine(text(kGet)).masked, IsEmpty()) << "a star alone has a meaning";
}

TEST(RecordedRequests, SayWhereTheyEnd) {
  const std::string post(kPost);
  const RecordedRequests head = examine(post + post.substr(0, 20));
  EXPECT_EQ(describe_recording(head), "1 request, and a head without its end");
  const RecordedRequests body = examine(post.substr(0, post.size() - 1));
  EXPECT_EQ(describe_recording(body), "a request whose body is not complete");
  const RecordedRequests none = examine("\x16\x03 hello");
  EXPECT_EQ(none.end, End::kRefused);
  EXPECT_EQ(describe_recording(none), "what the server refuses with 400: this is not HTTP");
}

}  // namespace
}  // namespace alicorn
