#include "jose/json.hpp"

#include "jose/base64url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace jwt_auth {
namespace {

/// Parses the text and writes it again.
std::string round_trip(const std::string& value) {
  const auto object = parse_object("{\"v\":" + value + '}');
  if (!object) return "refused";
  const std::string text = dump_ascii(*object);
  return text.substr(5, text.size() - 6);
}

// The expected texts are what CPython 3.11 prints for json.dumps(json.loads(text)).
TEST(DumpAscii, WritesNumbersAsPythonDoes) {
  for (const auto& [text, expected] : std::vector<std::pair<const char*, const char*>>{
           {"0", "0"},
           {"-0", "0"},
           {"-0.0", "-0.0"},
           {"1.0", "1.0"},
           {"1e2", "100.0"},
           {"1E+2", "100.0"},
           {"0.1", "0.1"},
           {"0.30000000000000004", "0.30000000000000004"},
           {"1795318110.123456", "1795318110.123456"},
           {"123456789012345.6789", "123456789012345.67"},
           {"9007199254740993.0", "9007199254740992.0"},
           {"1e15", "1000000000000000.0"},
           {"1e16", "1e+16"},
           {"1.5e16", "1.5e+16"},
           {"123456789012345680000.0", "1.2345678901234568e+20"},
           {"0.0001", "0.0001"},
           {"0.00001", "1e-05"},
           {"0.000012345", "1.2345e-05"},
           {"1e-7", "1e-07"},
           {"5e-324", "5e-324"},
           {"2.2250738585072011e-308", "2.225073858507201e-308"},
           {"1.7976931348623157e308", "1.7976931348623157e+308"},
           {"1e-400", "0.0"},
           {"9223372036854775807", "9223372036854775807"},
           {"-9223372036854775808", "-9223372036854775808"},
           {"18446744073709551615", "18446744073709551615"},
           {"true", "true"},
           {"null", "null"}}) {
    EXPECT_EQ(round_trip(text), expected) << text;
  }
  for (const char* text : {"1e400", "-1e400", "1e999999999999", "NaN", "1.", ".5", "+1", "01"}) {
    EXPECT_EQ(round_trip(text), "refused") << text;
  }
}

TEST(DumpAscii, EscapesAsPythonDoes) {
  EXPECT_EQ(round_trip("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\\u007f\""),
            R"("\"\\/\b\f\n\r\t\u0000\u001f\u007f")");
  EXPECT_EQ(
      round_trip("\"\xc2\x80\xc3\xa9\xe2\x82\xac\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""),
      R"("\u0080\u00e9\u20ac\uffff\ud800\udc00\udbff\udfff")");
  EXPECT_EQ(dump_ascii(*parse_object("{\"\xc3\xa9\":[],\"b\":{},\"a\":[1,[2],{\"z\":\"\"}]}")),
            R"({"\u00e9":[],"b":{},"a":[1,[2],{"z":""}]})");
}

TEST(ParseObject, GoesAsDeepAsClaimsMay) {
  const auto nested = [](std::size_t depth) {
    return "{\"v\":" + std::string(depth, '[') + std::string(depth, ']') + '}';
  };
  EXPECT_TRUE(parse_object(nested(63)));
  EXPECT_FALSE(parse_object(nested(64)));
  EXPECT_FALSE(parse_object(std::string(1 << 20, '[')));
}

/// {"0":0,"1":0, ...}
std::string members(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += (i == 0 ? "{\"" : ",\"") + std::to_string(i) + "\":0";
  }
  return text + '}';
}

TEST(ParseObject, CountsTheMembersOfAllObjects) {
  const JsonLimits ten{1000, 64, 10};
  EXPECT_TRUE(parse_object(members(10), ten));
  EXPECT_FALSE(parse_object(members(11), ten));
  EXPECT_TRUE(parse_object("{\"v\":[" + members(5) + ',' + members(4) + "]}", ten));
  EXPECT_FALSE(parse_object("{\"v\":[" + members(5) + ',' + members(5) + "]}", ten));
  EXPECT_TRUE(parse_object(members(kClaimsLimits.members)));
  EXPECT_FALSE(parse_object(members(kClaimsLimits.members + 1)));
}

TEST(ParseObject, LimitsTheBytes) {
  EXPECT_TRUE(parse_object("{\"v\":0}", {7, 64, 10}));
  EXPECT_FALSE(parse_object("{\"v\":0}", {6, 64, 10}));
  EXPECT_FALSE(parse_object("{\"v\":\"" + std::string(kClaimsLimits.bytes, 'x') + "\"}"));
}

/// What is kept under the names "a" and "b", or why the text is refused.
std::string kept(std::string_view text, const JsonLimits& limits = {1000, 8, 10}) {
  const std::array<std::string_view, 2> names{"a", "b"};
  boost::json::error_code error;
  const boost::json::value value = parse_members(text, names, limits, error);
  if (!error) return dump_ascii(value);
  EXPECT_TRUE(value.is_null());
  if (error == boost::json::error::object_too_large) return "too large";
  return error == boost::json::error::too_deep ? "too deep" : "no JSON";
}

TEST(ParseMembers, KeepsOnlyTheGivenNames) {
  EXPECT_EQ(kept(R"({"x":1,"b":"y","z":{"a":2},"a":null})"), R"({"b":"y","a":null})");
  EXPECT_EQ(kept(R"( { "\u0061" : "\u0062\n" , "aa" : 1 , "" : 2 } )"), R"({"a":"b\n"})");
  EXPECT_EQ(kept(R"({"x":[{"a":1}],"y":"a"})"), "{}");
  EXPECT_EQ(kept("{}"), "{}");
}

TEST(ParseMembers, LetsTheLastOfEqualNamesWin) {
  EXPECT_EQ(kept(R"({"a":1,"b":2,"a":"three"})"), R"({"a":"three","b":2})");
}

TEST(ParseMembers, DropsNestedValues) {
  EXPECT_EQ(kept(R"({"a":{"a":1,"b":[2]},"b":[{"a":3},4]})"), R"({"a":{},"b":[]})");
  EXPECT_EQ(kept(R"([{"a":1},2,"three"])"), "[]");
}

TEST(ParseMembers, GivesTheTypeOfAnythingElse) {
  for (const char* text : {"null", "true", "1", "-2.5", "\"a\"", "18446744073709551615", "[]"}) {
    EXPECT_EQ(kept(text), text);
  }
}

TEST(ParseMembers, ChecksWhatItDropsToo) {
  for (const char* text : {"", "{", R"({"x":})", R"({"x":"\ud800"})", R"({"x":1e400})",
                           R"({"x":[1,]})", "{\"x\":\"\xff\"}", "{}{}", "1 2", R"({"x":NaN})"}) {
    EXPECT_EQ(kept(text), "no JSON") << text;
  }
}

TEST(ParseMembers, HasLimits) {
  EXPECT_EQ(kept(members(10)), "{}");
  EXPECT_EQ(kept(members(11)), "too large");
  EXPECT_EQ(kept("{\"x\":[" + members(5) + ',' + members(5) + "]}"), "too large");
  EXPECT_EQ(kept(R"({"a":1,"a":1,"a":1,"a":1,"a":1,"a":1,"a":1,"a":1,"a":1,"a":1,"a":1})"),
            "too large");
  EXPECT_EQ(kept("[[[[[[[[]]]]]]]]"), "[]");
  EXPECT_EQ(kept("[[[[[[[[[]]]]]]]]]"), "too deep");
  EXPECT_EQ(kept("[" + std::string(998, ' ') + "]"), "[]");
  EXPECT_EQ(kept("[" + std::string(999, ' ') + "]"), "too large");
}

TEST(Base64url, MatchesTheRfcs) {
  const std::array<std::uint8_t, 5> bytes{3, 236, 255, 224, 193};  // RFC 7515 appendix C
  EXPECT_EQ(base64url_encode(bytes), "A-z_4ME");
  const std::string all = "\x14\xfb\x9c\x03\xd9\x7e";  // RFC 4648 section 9
  EXPECT_EQ(base64url_encode(all), "FPucA9l-");
  for (std::size_t size = 0; size <= all.size(); ++size) {
    const std::string part = all.substr(0, size);
    EXPECT_EQ(base64url_decode(base64url_encode(part)), part);
  }
}

TEST(Base64url, AcceptsOnlyOneForm) {
  for (const char* text :
       {"A", "AAAAA", "AA==", "AA=", "A+A", "A/A", "A A", "AA\n", "AB", "AAB", "\xc3\xa9", "A.A"}) {
    EXPECT_EQ(base64url_decode(text), std::nullopt) << text;
  }
  std::array<std::uint8_t, 2> small{};
  EXPECT_EQ(base64url_decode("AAA", small), 2U);
  EXPECT_EQ(base64url_decode("AAAA", small), std::nullopt);
}

}  // namespace
}  // namespace jwt_auth
