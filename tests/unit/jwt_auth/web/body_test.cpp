// Media types, multipart, and the fields of a request.
#include "web/form.hpp"
#include "web/media_type.hpp"
#include "web/multipart.hpp"
#include "web/reply.hpp"
#include "web/request_data.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <alicorn/app.hpp>

namespace jwt_auth {
namespace {

TEST(AcceptsJson, NegotiatesLikeRestFramework) {
  for (const std::string_view good : {"application/json", "*/*", "text/html, application/*;q=0.1",
                                      "Application/JSON ; indent=4"}) {
    EXPECT_TRUE(accepts_json(good)) << good;
  }
  for (const std::string_view bad : {"", "text/html", "application/xml,text/*", "json"}) {
    EXPECT_FALSE(accepts_json(bad)) << bad;
  }
}

TEST(MediaTypeParameter, MayBeQuoted) {
  const MediaType type = parse_media_type("multipart/form-data; charset=x; Boundary=\"a b\"");
  EXPECT_EQ(type.parameter("boundary"), "a b");
  EXPECT_EQ(type.parameter("charset"), "x");
  EXPECT_EQ(type.parameter("none"), "");
}

TEST(Boundary, HasOneToSeventyOfCertainCharacters) {
  EXPECT_TRUE(is_boundary("----WebKitFormBoundary7MA4YWxkTrZu0gW"));
  EXPECT_TRUE(is_boundary(std::string(70, 'x')));
  EXPECT_FALSE(is_boundary(std::string(71, 'x')));
  EXPECT_FALSE(is_boundary(""));
  EXPECT_FALSE(is_boundary("a "));
  EXPECT_FALSE(is_boundary("a\rb"));
}

std::string field(std::string_view name, std::string_view value) {
  return "--B\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"\r\n\r\n" +
         std::string(value) + "\r\n";
}

TEST(Multipart, GivesFieldsAndFiles) {
  const auto parts =
      parse_multipart("preamble\r\n" + field("username", "alice") +
                          "--B\r\ncontent-type: text/plain\r\ncontent-disposition: form-data; "
                          "name=file; filename=\"x\"\r\n\r\n\r\n--B--\r\nepilogue",
                      "B");
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 2U);
  EXPECT_EQ((*parts)[0].name, "username");
  EXPECT_EQ((*parts)[0].value, "alice");
  EXPECT_FALSE((*parts)[0].is_file);
  EXPECT_EQ((*parts)[1].name, "file");
  EXPECT_TRUE((*parts)[1].is_file);
}

TEST(Multipart, LeavesOutBrokenParts) {
  for (const std::string& broken :
       {std::string(), std::string("--B"), std::string("--B\r\n"), std::string("--B\r\n\r\n--B--"),
        std::string("--B\r\nno-end"), std::string("--B\r\nContent-Disposition: form-data\r\n\r\nx"),
        std::string("--B--\r\n") + field("a", "b")}) {
    const auto parts = parse_multipart(broken, "B");
    ASSERT_TRUE(parts) << broken;
    EXPECT_TRUE(parts->empty()) << broken;
  }
}

TEST(Multipart, LimitsTheNumberOfParts) {
  std::string body;
  for (int i = 0; i < 1001; ++i) body += field("a", "b");
  EXPECT_FALSE(parse_multipart(body + "--B--", "B"));
}

/// A request that has only a body.
struct Body {
  Body(std::string_view type, std::string_view bytes)
      : field{{"content-type", 12}, {type.data(), type.size()}} {
    raw.headers = &field;
    raw.header_count = 1;
    raw.body = {bytes.data(), bytes.size()};
  }
  alicorn_field field;
  alicorn_request raw{};
};

/// The fields "a" and "b" as they were read, or the refusal.
std::string read(std::string_view type, std::string_view bytes) {
  Body body(type, bytes);
  try {
    return boost::json::serialize(read_data(alicorn::Request(&body.raw), {"a", "b"}));
  } catch (const Refusal& refused) {
    return std::to_string(refused.reply().status) + ' ' + refused.reply().body;
  }
}

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kForm = "application/x-www-form-urlencoded";
constexpr std::string_view kMultipart = "multipart/form-data; boundary=B";

/// No table is built from the names, whatever names a client chooses.
TEST(ReadData, KeepsOnlyTheRequestedFields) {
  EXPECT_EQ(read(kJson, R"({"c":{"a":1},"b":[{"d":1}],"a":"x","a":"y"})"), R"({"b":[],"a":"y"})");
  EXPECT_EQ(read(kForm, "c=1&a=x&d&a=y+z"), R"({"a":"y z"})");
  EXPECT_EQ(read(kMultipart, field("c", "1") + field("b", "x") + field("b", "y") + "--B--"),
            R"({"b":"y"})");
  EXPECT_EQ(read(kJson, "[{}]"), "[]");
  EXPECT_EQ(read("x/y", "x"), R"(415 {"detail":"Unsupported media type \"x/y\" in request."})");
}

TEST(ReadData, LimitsTheBytesOfEveryKind) {
  const std::string most(kBodyBytesMax - 8, 'x');
  EXPECT_EQ(read(kJson, "{\"a\":\"" + most + "\"}"), "{\"a\":\"" + most + "\"}");
  EXPECT_EQ(read(kJson, "{\"a\":\"" + most + "x\"}"),
            R"(400 {"detail":"JSON parse error - more than 65536 bytes"})");
  EXPECT_EQ(read(kForm, "a=" + most + "123456"), "{\"a\":\"" + most + "123456\"}");
  EXPECT_EQ(read(kForm, "a=" + most + "1234567"),
            R"(400 {"detail":"Form parse error - more than 65536 bytes"})");
  EXPECT_EQ(read(kMultipart, field("a", most)),
            R"(400 {"detail":"Multipart form parse error - more than 65536 bytes"})");
}

TEST(ReadData, LimitsTheFieldsOfEveryKind) {
  std::string json, form, multipart;
  for (std::size_t i = 0; i < kFormFieldsMax; ++i) {
    json += "\"c" + std::to_string(i) + "\":0,";
    form += 'c' + std::to_string(i) + "=&";
    multipart += field("c", "");
  }
  json.pop_back();
  EXPECT_EQ(read(kJson, '{' + json + '}'), "{}");
  EXPECT_EQ(read(kJson, "{\"a\":0," + json + '}'),
            R"(400 {"detail":"JSON parse error - too many fields"})");
  EXPECT_EQ(read(kForm, form), "{}");
  EXPECT_EQ(read(kForm, form + "a="), R"(400 {"detail":"Form parse error - too many fields"})");
  EXPECT_EQ(read(kMultipart, multipart + field("a", "") + "--B--"),
            R"(400 {"detail":"Multipart form parse error - too many fields"})");
}

TEST(ReadData, LimitsTheDepthOfJson) {
  const auto nested = [](std::size_t depth) {
    return "{\"c\":" + std::string(depth, '[') + std::string(depth, ']') + '}';
  };
  EXPECT_EQ(read(kJson, nested(63)), "{}");
  EXPECT_EQ(read(kJson, nested(64)), R"(400 {"detail":"JSON parse error - too deeply nested"})");
  EXPECT_EQ(read(kJson, nested(2000)), R"(400 {"detail":"JSON parse error - too deeply nested"})");
}

Reply refusal_of(std::string_view json) {
  try {
    (void)require_fields(boost::json::parse(json), {"username", "password"});
  } catch (const Refusal& refused) {
    return refused.reply();
  }
  return {};
}

TEST(RequireFields, ComplainsAboutAllFieldsInOrder) {
  EXPECT_EQ(
      refusal_of(R"({"password":null})").body,
      R"({"username":["This field is required."],"password":["This field may not be null."]})");
  EXPECT_EQ(refusal_of(R"({"username":" \u3000","password":true})").body,
            R"({"username":["This field may not be blank."],"password":["Not a valid string."]})");
  EXPECT_EQ(
      refusal_of(R"({"username":"a\u0000b","password":{}})").body,
      R"({"username":["Null characters are not allowed."],"password":["Not a valid string."]})");
  EXPECT_EQ(refusal_of("[]").body,
            R"({"non_field_errors":["Invalid data. Expected a dictionary, but got list."]})");
  EXPECT_EQ(refusal_of("1.5").body,
            R"({"non_field_errors":["Invalid data. Expected a dictionary, but got float."]})");
  EXPECT_EQ(refusal_of("null").body, R"({"non_field_errors":["No data provided"]})");
  EXPECT_EQ(refusal_of("null").status, 400);
}

TEST(RequireFields, AcceptsNumbersAsText) {
  const auto texts =
      require_fields(boost::json::parse(R"({"a":1,"b":-2.5,"c":" x "})"), {"a", "b", "c"});
  EXPECT_EQ(texts, (std::vector<std::string>{"1", "-2.5", "x"}));
}

}  // namespace
}  // namespace jwt_auth
