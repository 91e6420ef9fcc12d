#include "workers/http/parser.hpp"

#include "tests/support/http_transcript.hpp"
#include "workers/http/abi_string.hpp"
#include "workers/http/head_facts.hpp"
#include "workers/http/request_line.hpp"
#include "workers/http/rules.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {
namespace {

using HeaderMap = WorkerSettings::HeaderMap;
using Progress = HttpParser::Progress;

const HttpLimits kLimits;

TEST(HttpParser, UnderscoresAreDroppedRefusedOrPassed) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX_Y: 1\r\nPROXY: 2\r\n\r\n";
  const auto parse = [&](HeaderMap header_map) {
    return test::transcript(head, {.limits = {}, .header_map = header_map});
  };
  EXPECT_EQ(parse(HeaderMap::kDrop).find("x_y"), std::string::npos);
  EXPECT_EQ(parse(HeaderMap::kRefuse), "refused 400 (head)\n");
  EXPECT_NE(parse(HeaderMap::kDangerous).find("field \"x_y\" \"1\""), std::string::npos);
  EXPECT_EQ(parse(HeaderMap::kDangerous).find("proxy"), std::string::npos);
}

TEST(HttpParser, UnderscoresInTrailersToo) {
  const std::string request =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX_Y: 1\r\n\r\n";
  const auto parse = [&](HeaderMap header_map) {
    return test::transcript(request, {.limits = {}, .header_map = header_map});
  };
  EXPECT_EQ(parse(HeaderMap::kDrop).find("trailer \""), std::string::npos);
  EXPECT_NE(parse(HeaderMap::kRefuse).find("refused 400 (body)"), std::string::npos);
  EXPECT_NE(parse(HeaderMap::kDangerous).find("trailer \"x_y\" \"1\""), std::string::npos);
}

TEST(HttpParser, ForbiddenTrailersAreDropped) {
  const std::string whole = test::transcript(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nVary: *\r\n"
      "Content-Type: text/plain\r\nX-Sum: 1\r\nHost: b\r\nConnection: close, upgrade\r\n"
      "Upgrade: x\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n",
      {});
  EXPECT_NE(whole.find("trailer \"x-sum\" \"1\"\ncomplete\n"), std::string::npos) << whole;
  EXPECT_EQ(whole.find("trailer \"vary"), std::string::npos) << whole;
  EXPECT_NE(whole.find("target \"/next\""), std::string::npos) << whole;
  EXPECT_TRUE(whole.ends_with("complete\n")) << whole;
  EXPECT_EQ(whole.find("authority \"b\""), std::string::npos) << whole;
}

TEST(HttpParser, TrailersThatFrameAreRefused) {
  for (const char* const field : {"Content-Length: 0", "CONTENT-LENGTH: x", "Transfer-Encoding:",
                                  "transfer-encoding: chunked", "Vary: *\r\nContent-Length: 5"}) {
    const std::string whole = test::transcript(
        std::string("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n") +
            field + "\r\n\r\n",
        {});
    EXPECT_TRUE(whole.ends_with("refused 400 (body)\n")) << field << '\n' << whole;
  }
}

TEST(HttpParser, StartsWithTheFirstByteOfARequest) {
  HttpParser parser(kLimits, HeaderMap::kDrop);
  std::string bytes = "\r\nG";
  EXPECT_EQ(parser.parse_head(bytes.data(), 0), Progress::kNeedMore);
  EXPECT_EQ(parser.parse_head(bytes.data(), 1), Progress::kNeedMore);
  EXPECT_EQ(parser.parse_head(bytes.data(), 2), Progress::kNeedMore);
  EXPECT_FALSE(parser.started());
  EXPECT_EQ(parser.parse_head(bytes.data(), 3), Progress::kNeedMore);
  EXPECT_TRUE(parser.started());
  parser.reset();
  EXPECT_FALSE(parser.started());
}

TEST(HttpParser, TellsTheRequestLineOfARefusal) {
  HttpParser parser(kLimits, HeaderMap::kDrop);
  EXPECT_EQ(parser.request_line(nullptr), "");
  std::string bytes = "\r\nGET /a b HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(parser.parse_head(bytes.data(), bytes.size()), Progress::kRejected);
  EXPECT_EQ(parser.status(), 400);
  EXPECT_EQ(parser.request_line(bytes.data()), "GET /a b HTTP/1.1");
  parser.reset();
  EXPECT_EQ(parser.request_line(bytes.data()), "");

  bytes = "GET / HTTP/1.1\r\nno colon\r\n\r\n";
  EXPECT_EQ(parser.parse_head(bytes.data(), bytes.size()), Progress::kRejected);
  EXPECT_EQ(parser.request_line(bytes.data()), "GET / HTTP/1.1");
  parser.reset();
  bytes = "GET /" + std::string(100'000, 'a');
  EXPECT_EQ(parser.parse_head(bytes.data(), bytes.size()), Progress::kRejected);
  EXPECT_EQ(parser.status(), 414);
  EXPECT_EQ(parser.request_line(bytes.data()).size(), kLimits.request_line_max);
}

TEST(HttpParser, StaysRefusedUntilReset) {
  HttpParser parser(kLimits, HeaderMap::kDrop);
  std::string bad = "GET\r\n";
  EXPECT_EQ(parser.parse_head(bad.data(), bad.size()), Progress::kRejected);
  std::string good = "GET / HTTP/1.0\r\n\r\n";
  std::string body;
  EXPECT_EQ(parser.parse_head(good.data(), good.size()), Progress::kRejected);
  EXPECT_EQ(parser.parse_body(good.data(), good.size(), body), Progress::kRejected);
  EXPECT_EQ(body, "");
  parser.reset();
  EXPECT_EQ(parser.parse_head(good.data(), good.size()), Progress::kComplete);
  EXPECT_EQ(parser.consumed(), good.size());
}

TEST(HttpParser, LeavesWhatFollowsUnconsumed) {
  HttpParser parser(kLimits, HeaderMap::kDrop);
  std::string bytes =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nT: 1\r\n\r\n"
      "GET / HTTP/1.1\r\n";
  ASSERT_EQ(parser.parse_head(bytes.data(), bytes.size()), Progress::kComplete);
  const std::size_t head_size = parser.consumed();
  EXPECT_EQ(bytes.substr(head_size, 5), "2\r\nhi");
  std::string body;
  ASSERT_EQ(parser.parse_body(bytes.data() + head_size, bytes.size() - head_size, body),
            Progress::kComplete);
  EXPECT_EQ(body, "hi");
  EXPECT_EQ(bytes.substr(head_size + parser.consumed()), "GET / HTTP/1.1\r\n");
  ASSERT_EQ(parser.request().trailers.size(), 1U);
  EXPECT_EQ(as_view(parser.request().trailers[0].value), "1");
  EXPECT_EQ(as_view(parser.request().fields[0].value), "a") << "the head's fields stay";
}

TEST(HttpParser, NoViewIsNull) {
  HttpParser parser(kLimits, HeaderMap::kDrop);
  std::string bytes = "GET / HTTP/1.0\r\nE:\r\n\r\n";
  ASSERT_EQ(parser.parse_head(bytes.data(), bytes.size()), Progress::kComplete);
  const HttpRequest& request = parser.request();
  for (const std::string_view view :
       {request.method, request.target, request.path, request.query, request.authority}) {
    EXPECT_NE(view.data(), nullptr);
  }
  EXPECT_NE(request.fields[0].value.data, nullptr);
}

TEST(HttpRequestLine, KnowsTheMethodsOfTheInterface) {
  const std::vector<std::pair<std::string, int>> methods = {
      {"GET", ALICORN_METHOD_GET},         {"HEAD", ALICORN_METHOD_HEAD},
      {"POST", ALICORN_METHOD_POST},       {"PUT", ALICORN_METHOD_PUT},
      {"DELETE", ALICORN_METHOD_DELETE},   {"PATCH", ALICORN_METHOD_PATCH},
      {"OPTIONS", ALICORN_METHOD_OPTIONS}, {"Get", ALICORN_METHOD_OTHER},
      {"TRACE", ALICORN_METHOD_OTHER},     {"GETS", ALICORN_METHOD_OTHER}};
  for (const auto& [method, id] : methods) {
    RequestLine line;
    EXPECT_FALSE(parse_request_line(method + " / HTTP/1.1", line)) << method;
    EXPECT_EQ(line.method_id, id) << method;
  }
}

TEST(HttpHeadFacts, AHostIsCheckedAgainUnlessItIsTheSame) {
  HeadFacts facts;
  const auto status_of = [&facts](std::string_view host) {
    facts.reset();
    return facts.add("host", host, 0).status;
  };
  EXPECT_EQ(status_of(""), 400);
  EXPECT_EQ(status_of("a:80"), 0);
  EXPECT_EQ(status_of("a:80"), 0);
  EXPECT_EQ(status_of("a:x"), 400);
  EXPECT_EQ(status_of("a:x"), 400);
  EXPECT_EQ(status_of("a:8"), 0);
  const std::string long_host(200, 'a');
  EXPECT_EQ(status_of(long_host), 0);
  EXPECT_EQ(status_of(long_host + '/'), 400);
  EXPECT_EQ(status_of(""), 400);
}

TEST(HttpHeadFacts, FramingIsRefusedWithoutLlhttpToo) {
  // What llhttp refuses before these are asked must not rest on llhttp alone.
  const auto finish = [](std::vector<std::pair<std::string_view, std::string_view>> fields) {
    HeadFacts facts;
    for (const auto& [name, value] : fields) {
      if (const Rejection bad = facts.add(name, value, 0)) return bad.status;
    }
    return facts.finish(true).status;
  };
  EXPECT_EQ(finish({{"host", "a"}}), 0);
  EXPECT_EQ(finish({{"host", "a"}, {"content-length", "1"}, {"content-length", "1"}}), 400);
  EXPECT_EQ(finish({{"host", "a"}, {"content-length", "+1"}}), 400);
  EXPECT_EQ(finish({{"host", "a"}, {"content-length", "1"}, {"transfer-encoding", "chunked"}}),
            400);
  EXPECT_EQ(finish({{"host", "a"}, {"transfer-encoding", "identity"}}), 400);
  EXPECT_EQ(finish({{"host", "a"}, {"transfer-encoding", "chunked, gzip"}}), 400);
  EXPECT_EQ(finish({{"host", "a"}, {"transfer-encoding", "chunked, chunked"}}), 400);
  EXPECT_EQ(finish({{"host", "a"}, {"transfer-encoding", "gzip, chunked"}}), 501);
}

TEST(HttpRules, LowersTokensOfEveryLength) {
  const std::string every_char = "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^`abcxyz|~";
  const std::string lowered = "!#$%&'*+-.0123456789abcdefghijklmnopqrstuvwxyz^`abcxyz|~";
  for (std::size_t begin = 0; begin < every_char.size(); ++begin) {
    for (std::size_t size = 0; size <= every_char.size() - begin; ++size) {
      std::string token = every_char.substr(begin, size);
      EXPECT_FALSE(lower_token(token.data(), token.size())) << token;
      EXPECT_EQ(token, lowered.substr(begin, size));
      for (std::size_t at = 0; at < size; ++at) {
        std::string with_underscore = token;
        with_underscore[at] = '_';
        ASSERT_TRUE(lower_token(with_underscore.data(), size)) << with_underscore;
      }
    }
  }
}

TEST(HttpRules, ListElements) {
  std::optional<std::string_view> list = " a,\tb ,, c d";
  std::vector<std::string_view> elements;
  for (std::string_view element; next_element(list, element);) elements.push_back(element);
  EXPECT_EQ(elements, (std::vector<std::string_view>{"a", "b", "", "c d"}));
}

}  // namespace
}  // namespace alicorn
