// The rules that the server and the test host share.
#include "alicorn/detail/rules.hpp"

#include "base/ascii.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn::rules {
namespace {

alicorn_string text(std::string_view view) {
  return {view.data(), view.size()};
}

std::string upper(std::string_view lower) {
  std::string name(lower);
  for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  return name;
}

TEST(Rules, TokensAndBlanksAreThoseOfOurOwnCode) {
  // An installed header cannot include base/: the two tables must not drift apart.
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const std::string_view one(&c, 1);
    EXPECT_EQ(is_token(one), alicorn::is_token(one)) << byte;
    EXPECT_EQ(trim(one), trim_ows(one)) << byte;
  }
  EXPECT_FALSE(is_token(""));
  EXPECT_FALSE(is_token("a b"));
  EXPECT_TRUE(is_token("X-Request-Id"));
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim(" \t "), "");
}

TEST(Rules, AValueHasNoControlCharacterButTheTab) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool is_good = (byte >= 0x20 && byte != 0x7f) || byte == '\t';
    // At every place of a word that is looked at as one, and behind it.
    for (std::size_t at = 0; at < 19; ++at) {
      std::string value(19, 'v');
      value[at] = static_cast<char>(byte);
      ASSERT_EQ(is_field_value(value), is_good) << byte << " at " << at;
    }
  }
  EXPECT_TRUE(is_field_value(""));
}

TEST(Rules, EachFaultOfAFieldHasItsName) {
  CheckedField checked;
  EXPECT_EQ(check_field({text("A"), text(" \tb c ")}, checked), FieldFault::kNone);
  EXPECT_EQ(checked.name, "A");
  EXPECT_EQ(checked.value, "b c");
  EXPECT_EQ(check_field({text("A"), {nullptr, 0}}, checked), FieldFault::kNone);
  EXPECT_EQ(check_field({{nullptr, 1}, text("b")}, checked), FieldFault::kNullWithSize);
  EXPECT_EQ(check_field({text("A"), {nullptr, 1}}, checked), FieldFault::kNullWithSize);
  EXPECT_EQ(check_field({{"A", kSizeMax + 1}, text("b")}, checked), FieldFault::kImpossibleSize);
  EXPECT_EQ(check_field({text("A"), {"b", SIZE_MAX}}, checked), FieldFault::kImpossibleSize);
  EXPECT_EQ(check_field({{nullptr, 0}, text("b")}, checked), FieldFault::kName);
  EXPECT_EQ(check_field({text("A:"), text("\n")}, checked), FieldFault::kName);
  EXPECT_EQ(checked.name, "A:") << "for a sentence about it";
  EXPECT_EQ(check_field({text("A"), text("b\r\nC: d")}, checked), FieldFault::kValue);
  EXPECT_EQ(checked.name, "A");
}

TEST(Rules, KnowsTheKindsOfFieldsInAnyCase) {
  const std::vector<std::pair<std::string_view, FieldKind>> kinds = {
      {"connection", FieldKind::kHopByHop},
      {"transfer-encoding", FieldKind::kHopByHop},
      {"upgrade", FieldKind::kHopByHop},
      {"keep-alive", FieldKind::kHopByHop},
      {"te", FieldKind::kHopByHop},
      {"trailer", FieldKind::kHopByHop},
      {"proxy-connection", FieldKind::kHopByHop},
      {"content-length", FieldKind::kContentLength},
      {"date", FieldKind::kDate},
      {"server", FieldKind::kServer}};
  for (const auto& [name, kind] : kinds) {
    EXPECT_EQ(kind_of_field(name), kind) << name;
    EXPECT_EQ(kind_of_field(upper(name)), kind) << name;
    EXPECT_EQ(kind_of_field(std::string(name) + "s"), FieldKind::kOrdinary) << name;
    std::string other(name);
    other.back() = 'x';
    EXPECT_EQ(kind_of_field(other), FieldKind::kOrdinary) << other;
    EXPECT_EQ(is_forbidden_trailer(upper(name)), true) << name;
  }
  EXPECT_EQ(kind_of_field(""), FieldKind::kOrdinary);
}

TEST(Rules, TrailersThatARecipientActsOnBeforeTheBodyAreForbidden) {
  for (const std::string_view name : {"Host", "cache-control", "Set-Cookie", "content-type",
                                      "Strict-Transport-Security", "age", "warning"}) {
    EXPECT_TRUE(is_forbidden_trailer(name)) << name;
  }
  for (const std::string_view name : {"etag", "Server-Timing", "content-digest", "x-sum"}) {
    EXPECT_FALSE(is_forbidden_trailer(name)) << name;
  }
}

TEST(Rules, TrailersOfARequestThatComeTooLateAreDropped) {
  for (const std::string_view name :
       {"age", "authorization", "host", "www-authenticate", "content-length", "content-type",
        "x-forwarded-for", "te", "trailer", "via", "if-range", "transfer-encoding"}) {
    EXPECT_TRUE(is_dropped_trailer(name)) << name;
  }
  for (const std::string_view name :
       {"content-digest", "content-md5", "etag", "x-sum", "a", "zz"}) {
    EXPECT_FALSE(is_dropped_trailer(name)) << name;
  }
  EXPECT_TRUE(is_httpoxy("proxy"));
  EXPECT_FALSE(is_httpoxy("proxy-x"));
}

TEST(Rules, AContentLengthIsDigitsThatFit63Bits) {
  EXPECT_EQ(parse_content_length("0"), 0);
  EXPECT_EQ(parse_content_length("0012"), 12);
  EXPECT_EQ(parse_content_length("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  for (const std::string_view bad : {"", "+1", "-1", "1 1", "1,1", "0x1", "1a", " 1",
                                     "9223372036854775808", "99999999999999999999999999"}) {
    EXPECT_EQ(parse_content_length(bad), std::nullopt) << bad;
  }
}

TEST(Rules, KnowsWhatAStatusAllows) {
  for (const int status : {-200, 0, 99, 100, 101, 199, 600}) EXPECT_FALSE(is_final_status(status));
  for (const int status : {200, 404, 599}) EXPECT_TRUE(is_final_status(status));
  for (int status = 99; status < 105; ++status) {
    EXPECT_EQ(is_interim_status(status), status == 102 || status == 103) << status;
  }
  for (const int status : {100, 103, 204, 205, 304}) EXPECT_FALSE(status_allows_body(status));
  for (const int status : {200, 206, 302, 404, 500}) EXPECT_TRUE(status_allows_body(status));
}

TEST(Rules, KnowsTheMethodsOfTheInterface) {
  const std::vector<std::pair<std::string_view, std::int32_t>> methods = {
      {"GET", ALICORN_METHOD_GET},         {"HEAD", ALICORN_METHOD_HEAD},
      {"POST", ALICORN_METHOD_POST},       {"PUT", ALICORN_METHOD_PUT},
      {"DELETE", ALICORN_METHOD_DELETE},   {"PATCH", ALICORN_METHOD_PATCH},
      {"OPTIONS", ALICORN_METHOD_OPTIONS}, {"", ALICORN_METHOD_OTHER},
      {"get", ALICORN_METHOD_OTHER},       {"TRACE", ALICORN_METHOD_OTHER}};
  for (const auto& [method, id] : methods) EXPECT_EQ(method_id_of(method), id) << method;
}

}  // namespace
}  // namespace alicorn::rules
