#include "web/json_syntax.hpp"

#include <gtest/gtest.h>

#include <string>

namespace jwt_auth {
namespace {

struct Refused {
  std::string text, message;
};

/// The messages of CPython 3.11's json.loads with REST framework's parse_constant.
class JsonSyntax : public testing::TestWithParam<Refused> {};

TEST_P(JsonSyntax, ComplainsInPythonsWords) {
  EXPECT_EQ(find_json_error(GetParam().text), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, JsonSyntax,
    testing::Values(
        Refused{"", "Expecting value: line 1 column 1 (char 0)"},
        Refused{"\xEF\xBB\xBF{}",
                "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)"},
        Refused{"{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"},
        Refused{"{\"a\":1,}",
                "Expecting property name enclosed in double quotes: line 1 column 8 (char 7)"},
        Refused{"{\"a\" 1}", "Expecting ':' delimiter: line 1 column 6 (char 5)"},
        Refused{"{\"a\":1 \"b\":2}", "Expecting ',' delimiter: line 1 column 8 (char 7)"},
        Refused{"[1,]", "Expecting value: line 1 column 4 (char 3)"},
        Refused{"[1 2]", "Expecting ',' delimiter: line 1 column 4 (char 3)"},
        Refused{"{}\n x", "Extra data: line 2 column 2 (char 4)"},
        Refused{"01", "Extra data: line 1 column 2 (char 1)"},
        Refused{"\"abc", "Unterminated string starting at: line 1 column 1 (char 0)"},
        Refused{"\"a\tb\"", "Invalid control character at: line 1 column 3 (char 2)"},
        Refused{"\"\\x\"", "Invalid \\escape: line 1 column 2 (char 1)"},
        Refused{"\"\\u12g4\"", "Invalid \\uXXXX escape: line 1 column 3 (char 2)"},
        // Positions count characters, not bytes.
        Refused{"[\"é\" x]", "Expecting ',' delimiter: line 1 column 6 (char 5)"},
        Refused{"[NaN]", "Out of range float values are not JSON compliant: 'NaN'"},
        Refused{"-Infinity", "Out of range float values are not JSON compliant: '-Infinity'"}));

TEST(JsonSyntaxOk, AcceptsWhatPythonAccepts) {
  for (const std::string_view text :
       {"{}", " [1, 2.5e-3, -0, true, false, null]\n", "\"\\ud800\"", "1e400"}) {
    EXPECT_EQ(find_json_error(text), std::nullopt) << text;
  }
}

TEST(JsonSyntaxOk, ReportsDeepNesting) {
  EXPECT_EQ(find_json_error(std::string(1'000'000, '[')), "too deeply nested");
}

}  // namespace
}  // namespace jwt_auth
