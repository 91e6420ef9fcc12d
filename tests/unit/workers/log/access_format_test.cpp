#include "workers/log/access_format.hpp"

#include "tests/unit/workers/log/access_record_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <string>

namespace alicorn {
namespace {

class AccessFormatTest : public test::AccessRecordTest {
 protected:
  std::string line(std::string_view format, std::size_t size_max = 4000) {
    const Result<AccessFormat> parsed = AccessFormat::parse(format);
    EXPECT_TRUE(parsed.has_value()) << parsed.error().text();
    std::string out;
    if (parsed) parsed->append_line(out, record, time, 1234, size_max);
    return out;
  }
};

TEST_F(AccessFormatTest, KnowsGunicornsAtoms) {
  EXPECT_EQ(line("%(h)s"), "192.0.2.1");
  EXPECT_EQ(line("%(l)s"), "-");
  EXPECT_EQ(line("%(u)s"), "-");
  EXPECT_EQ(line("%(t)s"), time.common());
  EXPECT_EQ(line("%(r)s"), "GET /path?q=1 HTTP/1.1");
  EXPECT_EQ(line("%(m)s|%(U)s|%(q)s|%(H)s"), "GET|/path|q=1|HTTP/1.1");
  EXPECT_EQ(line("%(s)s|%(B)s|%(b)s"), "200|13|13");
  EXPECT_EQ(line("%(f)s|%(a)s"), "https://a/|curl/8");
  EXPECT_EQ(line("%(T)s|%(M)s|%(D)s|%(L)s|%(p)s"), "2|2034|2034056|2.034056|<1234>");
  EXPECT_EQ(line("%({user-agent}i)s|%({Referer}i)s|%({host}i)s"), "curl/8|https://a/|-");
  EXPECT_EQ(line("%({content-type}o)s|%({X-TWO}o)s|%({x-t}o)s"), "text/plain|b c |-");
  EXPECT_EQ(line("%({user_id}e)s|%({tenant}e)s|%({User_id}e)s"), "4|x|-");
}

TEST_F(AccessFormatTest, KnowsOurOwnAtoms) {
  EXPECT_EQ(line("%(id)s|%(scheme)s|%(in)s|%(queue)s|%(ttfb)s"), "id-7|https|95|17|1900");
  EXPECT_EQ(line("%(handed_over)s"), "0");
  record.handed_over = 2;
  EXPECT_EQ(line("%(handed_over)s"), "2");
}

TEST_F(AccessFormatTest, WritesTheCombinedFormat) {
  EXPECT_EQ(line(R"(%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s")"),
            "192.0.2.1 - - " + std::string(time.common()) +
                R"( "GET /path?q=1 HTTP/1.1" 200 13 "https://a/" "curl/8")");
}

TEST_F(AccessFormatTest, KeepsLiteralTextAndPercentSigns) {
  EXPECT_EQ(line(""), "");
  EXPECT_EQ(line("a%%b %(s)s%%\t(x)s"), "a%b 200%\t(x)s");
}

TEST_F(AccessFormatTest, WritesADashForMissingValues) {
  record.body_bytes_sent = 0;
  EXPECT_EQ(line("%(b)s|%(B)s"), "-|0");
  const AccessRecord nothing;
  record = nothing;
  EXPECT_EQ(line("%(h)s|%(u)s|%(r)s|%(m)s|%(U)s|%(q)s|%(H)s|%(f)s|%(a)s|%({a}i)s|%({a}o)s|"
                 "%({a}e)s|%(id)s|%(scheme)s"),
            "-|-|-|-|-|-|-|-|-|-|-|-|-|-");
  EXPECT_EQ(line("%(T)s|%(L)s|%(D)s"), "0|0.000000|0");
}

TEST_F(AccessFormatTest, ShowsTheRawLineOfAnUnparsedRequest) {
  record.request = nullptr;
  record.request_line = "GET  \"/\r\n\\ \x80";
  EXPECT_EQ(line("%(r)s|%(m)s"), R"(GET  \"/\x0d\x0a\\ \x80|-)");
}

TEST_F(AccessFormatTest, DecodesTheBasicUser) {
  add_field("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(line("%(u)s"), "Aladdin");
}

TEST_F(AccessFormatTest, FindsNoUserInOtherCredentials) {
  for (const char* const credentials : {"Bearer QWxhZGRpbjpvcGVu", "Basic", "Basic ", "Basic !!!!",
                                        "Basic QWxhZGRpbg==", "basic:", "Basic Og=="}) {
    request.fields.clear();
    add_field("authorization", credentials);
    EXPECT_EQ(line("%(u)s"), "-") << credentials;
  }
  request.fields.clear();
  add_field("authorization", "bAsIc  eDo=");
  EXPECT_EQ(line("%(u)s"), "x");
}

TEST_F(AccessFormatTest, NoUserCanForgeColumns) {
  // a b "c\n:p
  add_field("authorization", "Basic YSBiICJjCjpw");
  EXPECT_EQ(line("%(u)s"), R"(a\x20b\x20\"c\x0a)");
}

TEST_F(AccessFormatTest, CutsALongUser) {
  // 400 times "a", then ":".
  std::string credentials = "Basic ";
  for (int i = 0; i < 133; ++i) credentials += "YWFh";
  credentials += "YTo=";
  add_field("authorization", credentials);
  EXPECT_EQ(line("%(u)s"), std::string(256, 'a'));
}

TEST_F(AccessFormatTest, NoClientCanForgeALine) {
  request.target = "/\"\\\n\xff";
  add_field("x-evil", "a\" 200 1\r\n10.0.0.1 - -");
  record.response_head = "HTTP/1.1 200 OK\r\nA: \"\\\x01\r\n";
  annotations.emplace_back("evil", "\n\"");
  record.remote_address = "\n";
  record.request_id = "\"";
  EXPECT_EQ(line("%(r)s"), R"(GET /\"\\\x0a\xff HTTP/1.1)");
  EXPECT_EQ(line("%({x-evil}i)s"), R"(a\" 200 1\x0d\x0a10.0.0.1 - -)");
  EXPECT_EQ(line("%({a}o)s|%({evil}e)s|%(h)s|%(id)s"), R"(\"\\\x01|\x0a\"|\x0a|\")");
}

TEST_F(AccessFormatTest, TakesTheFirstFieldAndTheLastAnnotation) {
  add_field("user-agent", "second");
  annotations.emplace_back("tenant", "y");
  EXPECT_EQ(line("%(a)s|%({tenant}e)s"), "curl/8|y");
}

TEST_F(AccessFormatTest, CutsOneLongValueAndKeepsTheRest) {
  const std::string endless(9000, 'x');
  request.target = endless;
  const std::string text = line("%(r)s %(s)s", 1000);
  EXPECT_TRUE(text.ends_with("x... HTTP/1.1 200")) << text;
  EXPECT_EQ(text.size(), 250U + 4);
}

TEST_F(AccessFormatTest, StaysWithinItsSize) {
  const std::string endless(9000, '\n');
  request.method = request.target = request.path = request.query = endless;
  record.remote_address = endless;
  add_field("x", endless);
  for (const std::string_view piece :
       {"%(r)s", "%(h)s%(t)s", "%({x}i)s%(D)s", "%(u)s", "literal text ", "%(p)s%(t)s"}) {
    std::string format;
    for (int i = 0; i < 200; ++i) format += piece;
    const std::string text = line(format, 1000);
    EXPECT_LE(text.size(), 1000U) << piece;
    EXPECT_TRUE(text.ends_with("...") || text.size() < 900) << text;
  }
}

TEST_F(AccessFormatTest, AllocatesNothingBeyondTheLine) {
  const Result<AccessFormat> parsed =
      AccessFormat::parse(R"(%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" lit)");
  std::string out;
  out.reserve(4096);
  const char* const before = out.data();
  parsed->append_line(out, record, time, 1234, 4096);
  EXPECT_EQ(out.data(), before);
}

/// The short way to a line and the long one give the same, whatever the values are.
TEST_F(AccessFormatTest, WritesTheSameLineOnBothWays) {
  constexpr std::string_view kAtoms[] = {"%(h)s",
                                         "%(l)s",
                                         "%(u)s",
                                         "%(t)s",
                                         "%(r)s",
                                         "%(m)s",
                                         "%(U)s",
                                         "%(q)s",
                                         "%(H)s",
                                         "%(s)s",
                                         "%(B)s",
                                         "%(b)s",
                                         "%(f)s",
                                         "%(a)s",
                                         "%(T)s",
                                         "%(L)s",
                                         "%(M)s",
                                         "%(D)s",
                                         "%(p)s",
                                         "%(id)s",
                                         "%(scheme)s",
                                         "%(cut)s",
                                         "%(in)s",
                                         "%(queue)s",
                                         " ",
                                         "\"",
                                         "ttfb=%%",
                                         "%(ttfb)s",
                                         "%({x}i)s",
                                         "%({X-Two}o)s",
                                         "%({tenant}e)s",
                                         " a literal that is longer than sixteen bytes "};
  std::minstd_rand random(12);
  const auto up_to = [&random](std::size_t most) { return random() % (most + 1); };
  const auto text = [&] {
    std::string bytes(up_to(8) == 0 ? up_to(300) : up_to(20), 'x');
    for (char& byte : bytes) byte = static_cast<char>('!' + up_to(60));
    const bool is_plain = up_to(3) != 0;
    if (!is_plain && !bytes.empty()) bytes[up_to(bytes.size() - 1)] = static_cast<char>(up_to(255));
    std::erase_if(bytes, [&](char byte) { return is_plain && (byte == '"' || byte == '\\'); });
    return bytes;
  };
  add_field("x", "");
  for (int round = 0; round < 20'000; ++round) {
    std::string format;
    for (std::size_t atoms = up_to(12); atoms > 0; --atoms) {
      format += kAtoms[up_to(std::size(kAtoms) - 1)];
    }
    const std::string values[] = {text(), text(), text(), text(), text(), text()};
    record.remote_address = values[0];
    request.target = request.path = values[1];
    request.query = values[2];
    for (std::size_t i = 0; i < request.fields.size(); ++i) {
      request.fields[i].value = {values[3 + i].data(), values[3 + i].size()};
    }
    record.status = static_cast<int>(up_to(999));
    record.body_bytes_sent = up_to(1) * random();
    record.duration_us = static_cast<std::int64_t>(random());
    record.cut = up_to(9) == 0 ? CutReason::kClient : CutReason::kNone;
    const Result<AccessFormat> parsed = AccessFormat::parse(format);
    ASSERT_TRUE(parsed.has_value()) << format;
    const std::size_t size_max = up_to(3) == 0 ? 43 + up_to(400) : 4000;
    std::string line = "before ", expected = line;
    parsed->append_line(line, record, time, 1234, size_max);
    parsed->append_any_line(expected, record, time, 1234, size_max);
    ASSERT_EQ(line, expected) << format << ", at most " << size_max;
    ASSERT_LE(line.size(), 7 + size_max);
  }
}

/// Each length of the values before the last one, so that the line's buffer ends everywhere.
TEST_F(AccessFormatTest, KeepsItsBufferWhereverALongValueBegins) {
  const std::string agent(4000, 'a');
  add_field("authorization", "");
  request.fields[1].value = {agent.data(), agent.size()};
  constexpr std::string_view kFormats[] = {
      R"(%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s")", R"(%(f)s %(r)s%(a)s)",
      R"(%(f)s%(t)s%(p)s%(L)s sixteen bytes... %(a)s)"};
  for (const std::string_view format : kFormats) {
    const Result<AccessFormat> parsed = AccessFormat::parse(format);
    for (std::size_t size = 0; size <= 1100; ++size) {
      const std::string referer(size, 'r');
      request.fields[0].value = {referer.data(), referer.size()};
      std::string line, expected;
      parsed->append_line(line, record, time, 1234, 16383);
      parsed->append_any_line(expected, record, time, 1234, 16383);
      ASSERT_EQ(line, expected) << size;
    }
  }
}

TEST(AccessFormat, SaysWhichAtomIsUnknownAndWhere) {
  const auto error_of = [](std::string_view format) {
    const Result<AccessFormat> parsed = AccessFormat::parse(format);
    EXPECT_FALSE(parsed.has_value()) << format;
    return parsed ? std::string() : parsed.error().text();
  };
  EXPECT_EQ(error_of("%(h)s %(x)s"), "access log format: unknown atom '%(x)s' at position 7");
  EXPECT_EQ(error_of("%({a}x)s"), "access log format: unknown atom '%({a}x)s' at position 1");
  EXPECT_EQ(error_of("%({a}io)s"), "access log format: unknown atom '%({a}io)s' at position 1");
  EXPECT_EQ(error_of("%({}i)s"),
            "access log format: no name within the braces of '%({}i)s' at position 1");
  EXPECT_EQ(error_of("%({a)s"), "access log format: no closing brace in '%({a)s' at position 1");
  EXPECT_EQ(error_of("%()s"), "access log format: unknown atom '%()s' at position 1");
  EXPECT_EQ(error_of("a %(h)d"), "access log format: no ')s' ends the atom '%(h)d' at position 3");
  EXPECT_EQ(error_of("%(h"), "access log format: no ')s' ends the atom '%(h' at position 1");
  EXPECT_EQ(error_of("%h"), "access log format: '%h' at position 1 is neither %(atom)s nor %%");
  EXPECT_EQ(error_of("50%"), "access log format: '%' at position 3 is neither %(atom)s nor %%");
  EXPECT_EQ(error_of("a\nb"), "access log format: a line break or NUL at position 2");
}

}  // namespace
}  // namespace alicorn
