#include "base/log_line.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace alicorn::log {
namespace {

constexpr std::size_t kEnough = 4000;

std::string render(Format format, std::string_view message, const std::vector<Field>& fields,
                   std::size_t size_max = kEnough) {
  return render_line(format, message, fields.data(), fields.size(), size_max);
}

TEST(LogLine, AddsFieldsAsTextInQuotesWhereNeeded) {
  EXPECT_EQ(render(Format::kText, "ready", {}), "ready");
  EXPECT_EQ(render(Format::kText, "ready",
                   {{"slot", "3"},
                    {"path", "/a b"},
                    {"empty", ""},
                    {"equals", "a=b"},
                    {"quote", "a\"\\"},
                    {"two words", "x"}}),
            R"(ready slot=3 path="/a b" empty="" equals="a=b" quote="a\"\\" "two words"=x)");
}

TEST(LogLine, AddsFieldsAsMembersOfJson) {
  EXPECT_EQ(render(Format::kJson, "say \"hi\"", {{"slot", "3"}, {"a\"b", "c\\d"}}),
            R"("message":"say \"hi\"","slot":"3","a\"b":"c\\d")");
}

TEST(LogLine, CannotBeForged) {
  EXPECT_EQ(render(Format::kText, "a\nb", {{"k\ney", "v\r\n2026 [1] [error] x"}}),
            R"(a\nb "k\ney"="v\r\n2026 [1] [error] x")");
  EXPECT_EQ(render(Format::kJson, "a\nb\xff", {{"k\n", "\x01"}}),
            R"("message":"a\nb\\xff","k\n":"\u0001")");
}

TEST(LogLine, KeepsTheLinesOwnMembersApart) {
  EXPECT_EQ(render(Format::kJson, "m", {{"level", "x"}, {"pid", "1"}, {"time", "2"}}),
            R"("message":"m","field_level":"x","field_pid":"1","field_time":"2")");
  EXPECT_EQ(render(Format::kText, "m", {{"message", "x"}}), "m field_message=x");
}

TEST(LogLine, StaysWithinItsSize) {
  const std::string endless(9000, 'x');
  const std::string control(9000, '\n');
  for (const Format format : {Format::kText, Format::kJson}) {
    for (const std::string& text : {endless, control}) {
      for (const std::vector<Field>& fields :
           {std::vector<Field>{}, std::vector<Field>{{"id", "7"}},
            std::vector<Field>{{"id", text}, {"last", "1"}}, std::vector<Field>(500, {"k", "v"}),
            std::vector<Field>{{text, text}, {text, "1"}}}) {
        const std::string line = render(format, text, fields, 2000);
        EXPECT_LE(line.size(), 2000U);
        EXPECT_NE(line.find("..."), std::string::npos);
      }
    }
  }
}

TEST(LogLine, KeepsTheFieldsOfALongMessage) {
  const std::string endless(9000, 'x');
  const std::string text = render(Format::kText, endless, {{"request", "7"}}, 1000);
  EXPECT_TRUE(text.ends_with("x... request=7")) << text;
  EXPECT_EQ(text.size(), 1000U);
  const std::string json = render(Format::kJson, endless, {{"request", "7"}}, 1000);
  EXPECT_TRUE(json.ends_with(R"(x...","request":"7")")) << json;
  EXPECT_EQ(json.size(), 1000U);
}

TEST(LogLine, MarksFieldsThatDoNotFit) {
  const std::vector<Field> many(1000, {"key", "value"});
  const std::string text = render(Format::kText, "m", many, 1000);
  EXPECT_TRUE(text.starts_with("m key=value key=value ")) << text;
  EXPECT_TRUE(text.ends_with(" ...")) << text;
  const std::string json = render(Format::kJson, "m", many, 1000);
  EXPECT_TRUE(json.starts_with(R"("message":"m","key":"value","key":"value",)")) << json;
  EXPECT_TRUE(json.ends_with(R"(","...":"...")")) << json;
}

}  // namespace
}  // namespace alicorn::log
