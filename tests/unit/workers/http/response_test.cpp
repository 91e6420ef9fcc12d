#include "workers/http/response.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace alicorn {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// Views into `fields`.
std::vector<alicorn_field> as_fields(const Fields& fields) {
  std::vector<alicorn_field> result;
  for (const auto& [name, value] : fields) {
    result.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
  }
  return result;
}

std::vector<alicorn_field> as_fields(Fields&&) = delete;

struct HeadResult {
  std::int32_t result;
  std::string out;
  ResponseHead head;
  std::string why;
};

HeadResult head_of(std::int32_t status, const Fields& fields) {
  const std::vector<alicorn_field> views = as_fields(fields);
  HeadResult made{.result = 0, .out = "before|", .head = {}, .why = {}};
  const char* why = "";
  made.result = append_head(made.out, status, views.data(),
                            static_cast<std::uint32_t>(views.size()), made.head, why);
  made.why = why;
  return made;
}

void expect_refused(std::int32_t status, const Fields& fields) {
  const HeadResult made = head_of(status, fields);
  const std::string what =
      fields.empty() ? std::to_string(status) : fields.back().first + ": " + fields.back().second;
  EXPECT_EQ(made.result, ALICORN_ERROR_INVALID) << what;
  EXPECT_EQ(made.out, "before|") << what;
  EXPECT_NE(made.why, "") << what;
}

TEST(AppendHead, WritesStatusLineAndFieldsAsGiven) {
  const HeadResult made =
      head_of(200, {{"Content-Type", "text/plain"}, {"X-B", "2"}, {"x-B", ""}, {"X-B", "1"}});
  EXPECT_EQ(made.result, ALICORN_OK);
  EXPECT_EQ(made.out,
            "before|HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-B: 2\r\nx-B: \r\nX-B: 1\r\n");
  EXPECT_EQ(made.head.status, 200);
  EXPECT_EQ(made.head.content_length, -1);
  EXPECT_FALSE(made.head.has_date);
  EXPECT_FALSE(made.head.has_server);
}

TEST(AppendHead, NeedsNoFields) {
  std::string out;
  ResponseHead head;
  const char* why = "";
  EXPECT_EQ(append_head(out, 404, nullptr, 0, head, why), ALICORN_OK);
  EXPECT_EQ(out, "HTTP/1.1 404 Not Found\r\n");
}

TEST(AppendHead, KeepsTheBlankBehindAnUnknownStatus) {
  EXPECT_EQ(head_of(299, {}).out, "before|HTTP/1.1 299 \r\n");
  EXPECT_EQ(head_of(599, {}).out, "before|HTTP/1.1 599 \r\n");
}

TEST(AppendHead, RefusesAStatusThatIsNotFinal) {
  for (const int status : {-200, 0, 99, 100, 101, 199, 600, 1000}) expect_refused(status, {});
}

TEST(AppendHead, NotesWhatTheServerWouldAddItself) {
  const HeadResult made =
      head_of(200, {{"DATE", "never"}, {"server", "mine"}, {"Content-LENGTH", "12"}});
  EXPECT_EQ(made.result, ALICORN_OK);
  EXPECT_EQ(made.out, "before|HTTP/1.1 200 OK\r\nDATE: never\r\nserver: mine\r\n");
  EXPECT_TRUE(made.head.has_date);
  EXPECT_TRUE(made.head.has_server);
  EXPECT_EQ(made.head.content_length, 12);
}

TEST(AppendHead, TakesOneContentLengthThatIsANumber) {
  EXPECT_EQ(head_of(200, {{"content-length", "0"}}).head.content_length, 0);
  EXPECT_EQ(head_of(200, {{"content-length", " 0012\t"}}).head.content_length, 12);
  EXPECT_EQ(head_of(200, {{"content-length", "9223372036854775807"}}).head.content_length,
            INT64_MAX);
  for (const char* const bad : {"", "+1", "-1", "1 1", "1,1", "0x1", "1a", "9223372036854775808",
                                "99999999999999999999999999"}) {
    expect_refused(200, {{"content-length", bad}});
  }
  expect_refused(200, {{"content-length", "1"}, {"Content-Length", "1"}});
  expect_refused(200, {{"content-length", "1"}, {"Content-Length", "2"}});
}

TEST(AppendHead, RefusesFieldsThatBelongToTheServer) {
  for (const char* const name :
       {"Connection", "connection", "Transfer-Encoding", "TRANSFER-ENCODING", "Upgrade",
        "Keep-Alive", "TE", "Trailer", "Proxy-Connection"}) {
    expect_refused(200, {{"X-Good", "1"}, {name, "x"}});
  }
  for (const char* const name : {"X-Connection", "Connections", "Trailers", "Upgrade-Insecure"}) {
    EXPECT_EQ(head_of(200, {{name, "x"}}).result, ALICORN_OK) << name;
  }
}

TEST(AppendHead, RefusesNamesThatAreNoTokens) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string name = std::string("a") + static_cast<char>(byte) + "b";
    const bool is_token_byte = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                               (byte >= 'A' && byte <= 'Z') ||
                               (byte != 0 && std::strchr("!#$%&'*+-.^_`|~", byte) != nullptr);
    if (is_token_byte) {
      EXPECT_EQ(head_of(200, {{name, "x"}}).result, ALICORN_OK) << byte;
    } else {
      expect_refused(200, {{name, "x"}});
    }
  }
  expect_refused(200, {{"", "x"}});
}

TEST(AppendHead, RefusesControlCharactersAnywhereInAValue) {
  // At every place of the words that are looked at at once, and behind them.
  for (std::size_t size = 1; size < 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (const int byte : {0x00, 0x01, 0x0a, 0x0d, 0x1f, 0x7f}) {
        std::string value(size, 'v');
        value[at] = static_cast<char>(byte);
        expect_refused(200, {{"X-Bad", value}});
      }
      for (const int byte : {0x20, 0x09, 0x7e, 0x80, 0x8d, 0x9f, 0xa0, 0xff}) {
        std::string value(size + 2, 'v');
        value[at + 1] = static_cast<char>(byte);
        EXPECT_EQ(head_of(200, {{"X-Good", value}}).out,
                  "before|HTTP/1.1 200 OK\r\nX-Good: " + value + "\r\n");
      }
    }
  }
  expect_refused(200, {{"X-Split", "a\r\nSet-Cookie: b"}});
}

TEST(AppendHead, DropsBlanksAroundAValue) {
  EXPECT_EQ(head_of(200, {{"A", " \t x y \t"}, {"B", "  "}}).out,
            "before|HTTP/1.1 200 OK\r\nA: x y\r\nB: \r\n");
}

TEST(AppendHead, RefusesNullPointersWithASize) {
  std::string out;
  ResponseHead head;
  const char* why = "";
  const alicorn_field no_name{{nullptr, 3}, {"x", 1}};
  const alicorn_field no_value{{"x", 1}, {nullptr, 3}};
  const alicorn_field empty_value{{"x", 1}, {nullptr, 0}};
  EXPECT_EQ(append_head(out, 200, &no_name, 1, head, why), ALICORN_ERROR_INVALID);
  EXPECT_EQ(append_head(out, 200, &no_value, 1, head, why), ALICORN_ERROR_INVALID);
  EXPECT_EQ(append_head(out, 200, nullptr, 1, head, why), ALICORN_ERROR_INVALID);
  EXPECT_EQ(out, "");
  EXPECT_EQ(append_head(out, 200, &empty_value, 1, head, why), ALICORN_OK);
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nx: \r\n");
}

std::string end_of(const HeadEnd& end) {
  std::string out;
  append_head_end(out, end);
  return out;
}

TEST(AppendHeadEnd, WritesTheFraming) {
  EXPECT_EQ(end_of({.framing = Framing::kLength, .content_length = 0}),
            "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(end_of({.framing = Framing::kLength, .content_length = INT64_MAX}),
            "Content-Length: 9223372036854775807\r\n\r\n");
  EXPECT_EQ(end_of({.framing = Framing::kChunked}), "Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(end_of({.framing = Framing::kNone}), "\r\n");
}

TEST(AppendHeadEnd, SaysWhatBecomesOfTheConnection) {
  const auto kNone = Framing::kNone;
  EXPECT_EQ(end_of({.framing = kNone, .keep_alive = true, .version_minor = 1}), "\r\n");
  EXPECT_EQ(end_of({.framing = kNone, .keep_alive = true, .version_minor = 0}),
            "Connection: keep-alive\r\n\r\n");
  EXPECT_EQ(end_of({.framing = kNone, .keep_alive = false, .version_minor = 1}),
            "Connection: close\r\n\r\n");
  EXPECT_EQ(end_of({.framing = kNone, .keep_alive = false, .version_minor = 0}),
            "Connection: close\r\n\r\n");
  // Only the end of the connection ends such a body.
  EXPECT_EQ(end_of({.framing = Framing::kClose, .keep_alive = true, .version_minor = 0}),
            "Connection: close\r\n\r\n");
}

TEST(AppendHeadEnd, AddsTheServersOwnFields) {
  EXPECT_EQ(end_of({.framing = Framing::kLength,
                    .content_length = 13,
                    .own_fields = "Date: today\r\nServer: alicorn\r\n"}),
            "Content-Length: 13\r\nDate: today\r\nServer: alicorn\r\n\r\n");
}

TEST(StatusAllowsBody, KnowsThoseWithout) {
  for (const int status : {100, 103, 204, 205, 304})
    EXPECT_FALSE(status_allows_body(status)) << status;
  for (const int status : {200, 206, 302, 404, 500}) {
    EXPECT_TRUE(status_allows_body(status)) << status;
  }
}

TEST(AppendInterim, WritesAWholeResponse) {
  const Fields links = {{"Link", "</a.css>; rel=preload"}};
  const std::vector<alicorn_field> fields = as_fields(links);
  std::string out = "before|";
  const char* why = "";
  EXPECT_EQ(append_interim(out, 103, fields.data(), 1, why), ALICORN_OK);
  EXPECT_EQ(append_interim(out, 102, nullptr, 0, why), ALICORN_OK);
  EXPECT_EQ(out,
            "before|HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
            "HTTP/1.1 102 Processing\r\n\r\n");
}

TEST(AppendInterim, RefusesWhatIsNoneAndWhatFrames) {
  std::string out = "before|";
  const char* why = "";
  for (const int status : {99, 100, 101, 104, 200}) {
    EXPECT_EQ(append_interim(out, status, nullptr, 0, why), ALICORN_ERROR_INVALID) << status;
  }
  const Fields bad = {{"Content-Length", "0"}, {"Connection", "close"}, {"A", "b\r\nC: d"}};
  for (const auto& [name, value] : bad) {
    const Fields one = {{name, value}};
    const std::vector<alicorn_field> fields = as_fields(one);
    EXPECT_EQ(append_interim(out, 103, fields.data(), 1, why), ALICORN_ERROR_INVALID) << name;
  }
  EXPECT_EQ(out, "before|");
}

TEST(AppendChunkSize, IsHexadecimal) {
  std::string out;
  append_chunk_size(out, 1);
  append_chunk_size(out, 31);
  append_chunk_size(out, SIZE_MAX);
  EXPECT_EQ(out, "1\r\n1f\r\nffffffffffffffff\r\n");
}

TEST(AppendLastChunk, EndsTheBodyWithItsTrailers) {
  std::string out;
  const char* why = "";
  EXPECT_EQ(append_last_chunk(out, nullptr, 0, why), ALICORN_OK);
  EXPECT_EQ(out, "0\r\n\r\n");
  out.clear();
  const Fields trailers = {{"Server-Timing", "db;dur=5"}, {"ETag", "\"x\""}};
  const std::vector<alicorn_field> views = as_fields(trailers);
  EXPECT_EQ(append_last_chunk(out, views.data(), 2, why), ALICORN_OK);
  EXPECT_EQ(out, "0\r\nServer-Timing: db;dur=5\r\nETag: \"x\"\r\n\r\n");
}

TEST(AppendHead, WritesTextsOfAnySize) {
  for (const std::size_t size : {0U, 1U, 489U, 490U, 511U, 512U, 513U, 5000U}) {
    const std::string value(size, 'v');
    const alicorn_field fields[] = {{{"A", 1}, {value.data(), value.size()}},
                                    {{"B", 1}, {nullptr, 0}}};
    std::string out = "before|";
    ResponseHead head;
    const char* why = "";
    EXPECT_EQ(append_head(out, 299, fields, 2, head, why), ALICORN_OK);
    EXPECT_EQ(out, "before|HTTP/1.1 299 \r\nA: " + value + "\r\nB: \r\n");
  }
}

TEST(AppendHead, LeavesNothingOfAHeadWithABadFieldBehindALongOne) {
  const std::string value(2000, 'v');
  const alicorn_field fields[] = {{{"A", 1}, {value.data(), value.size()}}, {{"", 0}, {"x", 1}}};
  std::string out = "before|";
  ResponseHead head;
  const char* why = "";
  EXPECT_EQ(append_head(out, 200, fields, 2, head, why), ALICORN_ERROR_INVALID);
  EXPECT_EQ(out, "before|");
}

TEST(AppendLastChunk, RefusesForbiddenTrailersAsAWhole) {
  for (const char* const name :
       {"Content-Length", "transfer-encoding", "Host", "Connection", "Authorization", "Set-Cookie",
        "Content-Type", "Content-Encoding", "Trailer", "Location", "Cache-Control", "", "a b"}) {
    const Fields trailers = {{"X-Good", "1"}, {name, "x"}};
    const std::vector<alicorn_field> views = as_fields(trailers);
    std::string out = "before|";
    const char* why = "";
    EXPECT_EQ(append_last_chunk(out, views.data(), 2, why), ALICORN_ERROR_INVALID) << name;
    EXPECT_EQ(out, "before|") << name;
    EXPECT_STRNE(why, "") << name;
  }
  std::string out;
  const char* why = "";
  EXPECT_EQ(append_last_chunk(out, nullptr, 1, why), ALICORN_ERROR_INVALID);
}

TEST(AppendError, IsACompleteAnswer) {
  std::string out;
  append_error(
      out, {.status = 503, .retry_after_s = 5, .own_fields = "Date: today\r\nServer: alicorn\r\n"});
  EXPECT_EQ(out,
            "HTTP/1.1 503 Service Unavailable\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Retry-After: 5\r\n"
            "Content-Length: 24\r\n"
            "Date: today\r\n"
            "Server: alicorn\r\n"
            "Connection: close\r\n"
            "\r\n"
            "503 Service Unavailable\n");
}

TEST(AppendError, LeavesOutTheBodyForHead) {
  std::string out;
  append_error(out, {.status = 404, .keep_alive = true, .head_only = true});
  EXPECT_EQ(out,
            "HTTP/1.1 404 Not Found\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 14\r\n"
            "\r\n");
}

TEST(AppendError, TellsAnOldClientThatItIsKept) {
  std::string out;
  append_error(out, {.status = 500, .keep_alive = true, .version_minor = 0});
  EXPECT_NE(out.find("\r\nConnection: keep-alive\r\n"), std::string::npos);
}

TEST(AppendError, NamesTheMethodsWithA405) {
  std::string out;
  append_error(out, {.status = 405});
  EXPECT_NE(out.find("\r\nAllow: GET, HEAD, "), std::string::npos);
}

TEST(ReasonPhrase, KnowsTheRegisteredOnes) {
  EXPECT_EQ(reason_phrase(100), "Continue");
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(511), "Network Authentication Required");
  EXPECT_EQ(reason_phrase(99), "");
  EXPECT_EQ(reason_phrase(418), "");
  EXPECT_EQ(reason_phrase(999), "");
}

}  // namespace
}  // namespace alicorn
