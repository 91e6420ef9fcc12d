#include "server/config/shell_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alicorn {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SplitWords, SplitsAtBlanks) {
  EXPECT_THAT(*split_words("-w 3\t--threads\n4  x"), ElementsAre("-w", "3", "--threads", "4", "x"));
  EXPECT_THAT(*split_words(""), IsEmpty());
  EXPECT_THAT(*split_words("  "), IsEmpty());
}

TEST(SplitWords, KeepsWhatIsQuoted) {
  EXPECT_THAT(*split_words(R"(-e 'A=b c' -e "D=e 'f'" G=h\ i)"),
              ElementsAre("-e", "A=b c", "-e", "D=e 'f'", "G=h i"));
  EXPECT_THAT(*split_words(R"(a'b'"c"d)"), ElementsAre("abcd"));
  EXPECT_THAT(*split_words("'' \"\""), ElementsAre("", ""));
}

TEST(SplitWords, EscapesAsShDoes) {
  EXPECT_THAT(*split_words(R"("a\"b" "c\d" 'e\f' \\)"), ElementsAre("a\"b", "c\\d", "e\\f", "\\"));
}

TEST(SplitWords, ExpandsNothing) {
  EXPECT_THAT(*split_words("$HOME `id` *.so #x"), ElementsAre("$HOME", "`id`", "*.so", "#x"));
}

TEST(SplitWords, RefusesAnUnfinishedQuoteOrEscape) {
  EXPECT_EQ(split_words("a 'b").error().text(), "a quote (') is not closed");
  EXPECT_EQ(split_words("a \"b").error().text(), "a quote (\") is not closed");
  EXPECT_EQ(split_words("a\\").error().text(), "the backslash at the end escapes nothing");
}

TEST(ShellWords, AreQuotedIfTheyNeedIt) {
  EXPECT_EQ(quoted_word("/srv/app-1.2/x.so:symbol"), "/srv/app-1.2/x.so:symbol");
  EXPECT_EQ(quoted_word(""), "''");
  for (const char* word : {"create_app()", "a b", "it's", "$HOME;", "\"x\"", "*"}) {
    const auto words = split_words("x " + quoted_word(word));
    ASSERT_TRUE(words);
    EXPECT_EQ(words->back(), word);
  }
  EXPECT_EQ(quoted_word("site:create('x')"), "'site:create('\\''x'\\'')'");
}

}  // namespace
}  // namespace alicorn
