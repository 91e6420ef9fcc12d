#include "base/escape.hpp"

#include <gmock/gmock.h>

#include <string>
#include <string_view>
#include <vector>

namespace alicorn {
namespace {

std::string escaped(std::string_view text, Escaping escaping,
                    std::size_t size_max = std::string::npos) {
  std::string out;
  append_escaped(out, text, escaping, size_max);
  return out;
}

TEST(Escape, LeavesPlainTextAlone) {
  for (const Escaping escaping :
       {Escaping::kText, Escaping::kQuoted, Escaping::kJson, Escaping::kAscii}) {
    EXPECT_EQ(escaped("", escaping), "");
    EXPECT_EQ(escaped("GET /a?b=c&d~ HTTP/1.1 {%}'", escaping), "GET /a?b=c&d~ HTTP/1.1 {%}'");
  }
}

TEST(Escape, MakesControlCharactersVisible) {
  const std::string_view text("a\r\n\t\x1b[31m\0\x7fz", 12);
  EXPECT_EQ(escaped(text, Escaping::kText), R"(a\r\n\t\x1b[31m\x00\x7fz)");
  EXPECT_EQ(escaped(text, Escaping::kQuoted), R"(a\r\n\t\x1b[31m\x00\x7fz)");
  EXPECT_EQ(escaped(text, Escaping::kJson), R"(a\r\n\t\u001b[31m\u0000\u007fz)");
  EXPECT_EQ(escaped(text, Escaping::kAscii), R"(a\x0d\x0a\x09\x1b[31m\x00\x7fz)");
}

TEST(Escape, EscapesQuotesWhereTheyWouldEndTheValue) {
  EXPECT_EQ(escaped(R"(a"b\c)", Escaping::kText), R"(a"b\c)");
  for (const Escaping escaping : {Escaping::kQuoted, Escaping::kJson, Escaping::kAscii}) {
    EXPECT_EQ(escaped(R"(a"b\c)", escaping), R"(a\"b\\c)");
  }
}

TEST(Escape, KeepsUtf8AndEscapesInvalidBytes) {
  const std::string good = "\u00e9 \u20ac \U0001f984";
  for (const Escaping escaping : {Escaping::kText, Escaping::kQuoted, Escaping::kJson}) {
    EXPECT_EQ(escaped(good, escaping), good);
  }
  EXPECT_EQ(escaped("\u00e9", Escaping::kAscii), R"(\xc3\xa9)");
  // Stray, overlong, surrogate, beyond U+10FFFF, truncated.
  EXPECT_EQ(escaped("\x80", Escaping::kText), R"(\x80)");
  EXPECT_EQ(escaped("\xc0\xaf", Escaping::kText), R"(\xc0\xaf)");
  EXPECT_EQ(escaped("\xe0\x80\xaf", Escaping::kText), R"(\xe0\x80\xaf)");
  EXPECT_EQ(escaped("\xed\xa0\x80", Escaping::kText), R"(\xed\xa0\x80)");
  EXPECT_EQ(escaped("\xf0\x80\x80\x80", Escaping::kText), R"(\xf0\x80\x80\x80)");
  EXPECT_EQ(escaped("\xf4\x90\x80\x80", Escaping::kText), R"(\xf4\x90\x80\x80)");
  EXPECT_EQ(escaped("\xf5\xff", Escaping::kText), R"(\xf5\xff)");
  EXPECT_EQ(escaped("\xe2\x82", Escaping::kText), R"(\xe2\x82)");
  EXPECT_EQ(escaped("\xe2x", Escaping::kText), R"(\xe2x)");
  EXPECT_EQ(escaped("\xff\xe2\x82\xac", Escaping::kJson), "\\\\xff\u20ac");
}

TEST(Escape, EscapesControlCharactersBeyondAscii) {
  EXPECT_EQ(escaped("\u009b31m", Escaping::kText), R"(\xc2\x9b31m)");
  EXPECT_EQ(escaped("\u009b31m", Escaping::kJson), R"(\u009b31m)");
  EXPECT_EQ(escaped("\u00a0", Escaping::kText), "\u00a0");
}

TEST(Escape, CutsWithAnEllipsis) {
  EXPECT_EQ(escaped("abcdef", Escaping::kText, 6), "abcdef");
  EXPECT_EQ(escaped("abcdefg", Escaping::kText, 6), "abc...");
  EXPECT_EQ(escaped("abcdefg", Escaping::kText, 3), "...");
  EXPECT_EQ(escaped("abcdefg", Escaping::kText, 2), "");
  EXPECT_EQ(escaped("abcdefg", Escaping::kText, 0), "");
  std::string out;
  EXPECT_TRUE(append_escaped(out, "abc", Escaping::kText, 3));
  EXPECT_FALSE(append_escaped(out, "d", Escaping::kText, 3));
  EXPECT_EQ(out, "abc");
  EXPECT_FALSE(append_escaped(out, "d", Escaping::kText, 1));
  EXPECT_EQ(out, "abc");
  EXPECT_FALSE(append_escaped(out, "defgh", Escaping::kText, 7));
  EXPECT_EQ(out, "abcd...");
}

TEST(Escape, NeverSplitsACharacter) {
  const std::string text = "ab\n\u20acc\"\x01yz0123456789";
  for (const Escaping escaping : {Escaping::kText, Escaping::kQuoted, Escaping::kJson}) {
    std::vector<std::string> whole_characters;
    for (std::size_t size = 0; size <= text.size(); ++size) {
      const bool is_within_euro_sign = size == 4 || size == 5;
      if (is_within_euro_sign) continue;
      whole_characters.push_back(escaped(std::string_view(text).substr(0, size), escaping));
    }
    for (std::size_t size_max = 3; size_max < whole_characters.back().size(); ++size_max) {
      std::string cut = escaped(text, escaping, size_max);
      ASSERT_LE(cut.size(), size_max);
      ASSERT_TRUE(cut.ends_with("...")) << cut;
      cut.resize(cut.size() - 3);
      EXPECT_THAT(whole_characters, ::testing::Contains(cut));
    }
  }
}

}  // namespace
}  // namespace alicorn
