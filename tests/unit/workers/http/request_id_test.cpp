#include "workers/http/request_id.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <cinttypes>
#include <cstdio>
#include <set>
#include <string>

namespace alicorn {
namespace {

TEST(RequestIds, AreSixteenHexadecimalDigits) {
  RequestIds ids(1);
  for (int i = 0; i < 100; ++i) {
    const std::string id(ids.next());
    EXPECT_EQ(id.size(), 16U);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
    EXPECT_TRUE(RequestIds::acceptable(id));
  }
}

TEST(RequestIds, AreTheDigitsOfAMixedCounter) {
  std::uint64_t counter = 41;
  RequestIds ids(counter);
  for (int i = 0; i < 1000; ++i) {
    std::uint64_t value = ++counter;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    value ^= value >> 31;
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016" PRIx64, value);
    EXPECT_EQ(ids.next(), digits);
  }
}

TEST(RequestIds, AreDistinct) {
  RequestIds ids(0xffffffffffffff00U);  // also where the counter wraps
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) seen.emplace(ids.next());
  EXPECT_EQ(seen.size(), 10'000U);
}

TEST(RequestIds, DependOnTheSeed) {
  RequestIds first(1), same(1), other(1'000'000);
  const std::string id(first.next());
  EXPECT_EQ(id, same.next());
  EXPECT_NE(id, other.next());
}

TEST(RequestIds, TakesNamesOfFrontServers) {
  for (const char* id : {"a", "0", "7f3a-11ee_b9.62", "Root=1-67891233-abcdef012345678912345678",
                         "urn:uuid/x+y=="}) {
    EXPECT_TRUE(RequestIds::acceptable(id)) << id;
  }
  EXPECT_TRUE(RequestIds::acceptable(std::string(128, 'x')));
}

TEST(RequestIds, TakesNothingThatWouldNeedEscaping) {
  EXPECT_FALSE(RequestIds::acceptable(""));
  EXPECT_FALSE(RequestIds::acceptable(std::string(129, 'x')));
  for (int c = 0; c < 256; ++c) {
    const char character = static_cast<char>(c);
    const bool expected =
        c < 128 && (std::isalnum(c) != 0 ||
                    std::string_view("-_.:/+=").find(character) != std::string_view::npos);
    EXPECT_EQ(RequestIds::acceptable(std::string("id") + character), expected) << c;
  }
}

}  // namespace
}  // namespace alicorn
