#include "web/url.hpp"

#include "web/reply.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace jwt_auth {
namespace {

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

// The expected texts are those of Django 3.2 behind Gunicorn.
TEST(PathInfo, IsDecodedOnce) {
  for (const auto& [path, expected] : Pairs{{"/hello/", "/hello/"},
                                            {"/hell%6f/", "/hello/"},
                                            {"/hell%6F%2f", "/hello/"},
                                            {"/%C3%A9/", "/é/"},
                                            {"/%2568ello/", "/%68ello/"},
                                            {"/a+b", "/a+b"},
                                            {"/%", "/%"},
                                            {"/%6", "/%6"},
                                            {"/%zz%u0041", "/%zz%u0041"},
                                            {"/a/../b/./c//", "/a/../b/./c//"},
                                            {"/%2e%2e/", "/../"}}) {
    EXPECT_EQ(path_info(path), expected) << path;
  }
  EXPECT_EQ(path_info("/%00"), std::string_view("/\0", 2));
}

TEST(PathInfo, IsUtf8) {
  for (const auto& [path, expected] : Pairs{{"/%ff", "/%FF"},
                                            {"/hello%c0%af", "/hello%C0%AF"},
                                            {"/%e2%82x", "/%E2%82x"},
                                            {"/%ed%a0%80/", "/%ED%A0%80/"},
                                            {"/\xff", "/%FF"},
                                            {"/%f4%90%80%80%e9é", "/%F4%90%80%80%E9é"}}) {
    EXPECT_EQ(path_info(path), expected) << path;
  }
}

TEST(QuotePath, LeavesCharactersThatAPathMayHave) {
  EXPECT_EQ(quote_path("/a b/é;=?#[]%/:@&+$,-_.!~*'()\r\n"),
            "/a%20b/%C3%A9%3B%3D%3F%23%5B%5D%25/:@&+$,-_.!~*'()%0D%0A");
}

TEST(QuoteQuery, LeavesCharactersThatAQueryMayHave) {
  EXPECT_EQ(quote_query("a=%62&b=/#%[]:;$()+,!?*@'~-_.\"<>|^`{}\\ \xc3\xa9"),
            "a=%62&b=/#%[]:;$()+,!?*@'~-_.%22%3C%3E%7C%5E%60%7B%7D%5C%20%C3%83%C2%A9");
}

TEST(JsonReply, IsAlwaysUtf8) {
  EXPECT_EQ(refusal(400, "\"a\xff\xc0\xaf\xe2\x82\" is not a valid choice.").reply().body,
            "{\"detail\":\"\\\"a\uFFFD\uFFFD\uFFFD\uFFFD\\\" is not a valid choice.\"}");
  EXPECT_EQ(json_reply(200, {{"é\xff", "€"}}).body, "{\"é\uFFFD\":\"€\"}");
}

}  // namespace
}  // namespace jwt_auth
