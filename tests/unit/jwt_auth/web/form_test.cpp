#include "web/form.hpp"

#include <gmock/gmock.h>

namespace jwt_auth {
namespace {

using testing::ElementsAre;
using testing::Optional;
using testing::Pair;

TEST(Form, GivesFieldsInTheirOrder) {
  EXPECT_THAT(parse_form("&a=1&b=x+y%21&&a=2&c&=d"),
              Optional(ElementsAre(Pair("a", "1"), Pair("b", "x y!"), Pair("a", "2"), Pair("c", ""),
                                   Pair("", "d"))));
  EXPECT_THAT(parse_form(""), Optional(ElementsAre()));
}

TEST(Form, FindsTheLastFieldWithAName) {
  const auto fields = parse_form("a=1&b=2&a=3");
  ASSERT_TRUE(fields);
  EXPECT_THAT(last_field(*fields, "a"), testing::Pointee(std::string("3")));
  EXPECT_THAT(last_field(*fields, "b"), testing::Pointee(std::string("2")));
  EXPECT_EQ(last_field(*fields, "c"), nullptr);
}

TEST(Form, LimitsTheNumberOfFields) {
  std::string body;
  for (std::size_t i = 0; i < kFormFieldsMax; ++i) body += std::to_string(i) + "=&";
  EXPECT_TRUE(parse_form(body));
  EXPECT_FALSE(parse_form(body + "one=more"));
}

}  // namespace
}  // namespace jwt_auth
