#include "text/text.hpp"

#include <gtest/gtest.h>

namespace jwt_auth {
namespace {

TEST(TrimWhiteSpace, KnowsUnicodesWhiteSpaceToo) {
  EXPECT_EQ(trim_white_space(" \t\r\n\x1c a b \x0b"), "a b");
  EXPECT_EQ(trim_white_space("\u00a0\u2003x\u3000\u0085"), "x");
  EXPECT_EQ(trim_white_space("\u3000 \u2028"), "");
  EXPECT_EQ(trim_white_space(""), "");
  // To Python, U+200B is not white space.
  EXPECT_EQ(trim_white_space("\u200bx"), "\u200bx");
  // The last byte of "à" is also the last byte of a no-break space.
  EXPECT_EQ(trim_white_space("à"), "à");
}

TEST(SplitFirst, GivesEverythingIfThereIsNoSeparator) {
  std::string_view rest = "a,b";
  EXPECT_EQ(split_first(rest, ','), "a");
  EXPECT_EQ(split_first(rest, ','), "b");
  EXPECT_EQ(rest, "");
}

TEST(DecodeFormText, LeavesWrongEscapes) {
  EXPECT_EQ(decode_form_text("a+b%20c%2B"), "a b c+");
  EXPECT_EQ(decode_form_text("100%"), "100%");
  EXPECT_EQ(decode_form_text("%zz%4"), "%zz%4");
  EXPECT_EQ(decode_form_text("%C3%A9"), "é");
  EXPECT_EQ(decode_form_text("%FF"), "\uFFFD");
}

TEST(Latin1, IsAlwaysText) {
  EXPECT_EQ(utf8_from_latin1("text/\xE5"), "text/å");
}

TEST(Utf8Error, NamesThePlaceAndTheReason) {
  struct Case {
    std::string_view bytes;
    std::size_t position, size;
    std::string_view why;
  };
  // As CPython's codec reports them.
  for (const Case& wrong :
       {Case{"ab\xFF", 2, 1, "invalid start byte"}, Case{"\xC0\xAF", 0, 1, "invalid start byte"},
        Case{"\xE2\x28\xA1", 0, 1, "invalid continuation byte"},
        Case{"\xE2\x82(", 0, 2, "invalid continuation byte"},
        Case{"\xED\xA0\x80", 0, 1, "invalid continuation byte"},
        Case{"\xF4\x90\x80\x80", 0, 1, "invalid continuation byte"},
        Case{"x\xE2\x82", 1, 2, "unexpected end of data"}}) {
    const auto error = find_utf8_error(wrong.bytes);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->position, wrong.position);
    EXPECT_EQ(error->size, wrong.size);
    EXPECT_EQ(error->why, wrong.why);
  }
  EXPECT_FALSE(find_utf8_error("é€😀\u0000"));
}

TEST(Printable, LeavesTheTerminalNothingToObey) {
  EXPECT_EQ(printable("J\u00fcrgen\tб😀\u00a0"), "J\u00fcrgen\tб😀\u00a0");
  EXPECT_EQ(printable("a\x1b]0;b\a\r\n\x7f"), "a\\x1b]0;b\\x07\\x0d\\x0a\\x7f");
  EXPECT_EQ(printable("\u0080\u009b\u009f"), "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f");
  EXPECT_EQ(printable("\xff\xe2\x82 a\xc2"), "\\xff\\xe2\\x82 a\\xc2");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable(""), "");
}

}  // namespace
}  // namespace jwt_auth
