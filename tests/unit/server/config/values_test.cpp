#include "server/config/values.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace alicorn {
namespace {

TEST(ParseCount, AcceptsOnlyDecimalDigits) {
  EXPECT_EQ(parse_count("0"), 0U);
  EXPECT_EQ(parse_count("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  for (const char* text :
       {"", "-1", "+1", " 1", "1 ", "1.0", "0x10", "1e3", "1_000", "abc", "18446744073709551616"}) {
    EXPECT_FALSE(parse_count(text)) << text;
  }
}

TEST(ParseOctal, AcceptsTheUsualSpellingsOfModes) {
  EXPECT_EQ(parse_octal("022"), 022U);
  EXPECT_EQ(parse_octal("22"), 022U);
  EXPECT_EQ(parse_octal("0o22"), 022U);
  EXPECT_EQ(parse_octal("0"), 0U);
  for (const char* text : {"", "8", "0x1", "0o", "-1"}) EXPECT_FALSE(parse_octal(text)) << text;
}

TEST(ParseSwitch, AcceptsTheWordsOfYaml) {
  for (const char* text : {"true", "yes", "on"}) EXPECT_EQ(parse_switch(text), true) << text;
  for (const char* text : {"false", "no", "off"}) EXPECT_EQ(parse_switch(text), false) << text;
  for (const char* text : {"", "1", "0", "maybe"}) EXPECT_FALSE(parse_switch(text)) << text;
}

TEST(ParseDuration, AcceptsSecondsAndUnits) {
  EXPECT_EQ(parse_duration("30"), milliseconds(30'000));
  EXPECT_EQ(parse_duration("0.5"), milliseconds(500));
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("30s"), milliseconds(30'000));
  EXPECT_EQ(parse_duration("2m"), milliseconds(120'000));
  EXPECT_EQ(parse_duration("1.5h"), milliseconds(5'400'000));
  EXPECT_EQ(parse_duration("2 m"), milliseconds(120'000));
  EXPECT_EQ(parse_duration("0"), milliseconds(0));
}

TEST(ParseDuration, RefusesMalformedDurations) {
  for (const char* text : {"", "-1", "s", "1d", "inf", "nan", "1.2.3", ".5", "5.", "1e3", "30 ",
                           "30  s", "1M", "99999999999999999999", "1ms2"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(ParseDuration, RefusesADurationThatWouldRoundToOff) {
  EXPECT_EQ(parse_duration("0.001"), milliseconds(1));
  EXPECT_FALSE(parse_duration("0.0001"));
}

TEST(PrintDuration, IsInSeconds) {
  EXPECT_EQ(print_duration(milliseconds(0)), "0");
  EXPECT_EQ(print_duration(milliseconds(30'000)), "30");
  EXPECT_EQ(print_duration(milliseconds(500)), "0.5");
  EXPECT_EQ(print_duration(milliseconds(1'005)), "1.005");
}

TEST(ParseSize, AcceptsBytesAndUnits) {
  EXPECT_EQ(parse_size("8190"), 8190U);
  EXPECT_EQ(parse_size("8190B"), 8190U);
  EXPECT_EQ(parse_size("1kB"), 1000U);
  EXPECT_EQ(parse_size("10MB"), 10'000'000U);
  EXPECT_EQ(parse_size("16MiB"), 16U << 20);
  EXPECT_EQ(parse_size("16 MiB"), 16U << 20);
  EXPECT_EQ(parse_size("1GiB"), 1U << 30);
  EXPECT_EQ(parse_size("2TB"), 2'000'000'000'000U);
  EXPECT_EQ(parse_size("2TiB"), 2ULL << 40);
}

TEST(ParseSize, RefusesMalformedSizes) {
  for (const char* text : {"", "MiB", "1.5MiB", "-1", "16M", "16mb", "16 ", "99999999999GiB"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(PrintSize, UsesTheLargestWholeUnit) {
  EXPECT_EQ(print_size(0), "0");
  EXPECT_EQ(print_size(8190), "8190");
  EXPECT_EQ(print_size(2048), "2KiB");
  EXPECT_EQ(print_size(16U << 20), "16MiB");
  EXPECT_EQ(print_size(3ULL << 30), "3GiB");
  EXPECT_EQ(print_size(4ULL << 40), "4TiB");
}

}  // namespace
}  // namespace alicorn
