#include "base/ascii.hpp"

#include <gtest/gtest.h>

#include <string>

namespace alicorn {
namespace {

TEST(Ascii, ClassesContainExactlyWhatTheirNamesSay) {
  std::string digits, letters, hex, tokens;
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (is_digit(c)) digits += c;
    if (is_letter(c)) letters += c;
    if (is_hex_digit(c)) hex += c;
    if (is_token_char(c)) tokens += c;
    EXPECT_EQ(is_alphanumeric(c), is_digit(c) || is_letter(c)) << byte;
  }
  EXPECT_EQ(digits, "0123456789");
  EXPECT_EQ(letters, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
  EXPECT_EQ(hex, "0123456789ABCDEFabcdef");
  // RFC 9110, section 5.6.2.
  EXPECT_EQ(tokens,
            "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
}

TEST(Ascii, OnlyLettersHaveALowerCase) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    EXPECT_EQ(to_lower(c), c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) << byte;
  }
  EXPECT_TRUE(equals_ignoring_case("Content-Length", "content-LENGTH"));
  EXPECT_FALSE(equals_ignoring_case("Content-Length", "content-lengt"));
  EXPECT_FALSE(equals_ignoring_case("a@b", "a`b")) << "they differ by the same bit as letters do";
}

TEST(Ascii, ATokenHasAtLeastOneCharacter) {
  EXPECT_TRUE(is_token("X-Request-Id"));
  EXPECT_FALSE(is_token(""));
  EXPECT_FALSE(is_token("two words"));
  EXPECT_FALSE(is_token("caf\xc3\xa9"));
}

TEST(Ascii, WhiteSpaceIsTrimmedOnlyAtBothEnds) {
  EXPECT_EQ(trim_ows(" \t a b\t "), "a b");
  EXPECT_EQ(trim_ows(" \t "), "");
  EXPECT_EQ(trim_ows("\n"), "\n") << "no other byte is white space of a field";
}

}  // namespace
}  // namespace alicorn
