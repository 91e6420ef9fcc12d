#include "workers/http/date.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

std::string date_of(std::int64_t unix_seconds) {
  HttpDate date;
  date.refresh(unix_seconds);
  return std::string(date.text());
}

TEST(HttpDate, WritesTheFixedFormat) {
  EXPECT_EQ(date_of(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110, section 5.6.7
  EXPECT_EQ(date_of(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(date_of(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(date_of(1798761599), "Thu, 31 Dec 2026 23:59:59 GMT");
  EXPECT_EQ(date_of(4107542400), "Mon, 01 Mar 2100 00:00:00 GMT");
}

TEST(HttpDate, FollowsTheClockBothWays) {
  HttpDate date;
  date.refresh(1798761599);
  date.refresh(1798761599);
  EXPECT_EQ(date.text(), "Thu, 31 Dec 2026 23:59:59 GMT");
  date.refresh(1798761600);
  EXPECT_EQ(date.text(), "Fri, 01 Jan 2027 00:00:00 GMT");
  date.refresh(784111777);
  EXPECT_EQ(date.text(), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(HttpDate, KnowsEveryDayAndMonth) {
  constexpr std::int64_t kDay = 86400;
  // 2024-01-07 was a Sunday.
  constexpr std::int64_t kSunday = 1704585600;
  const char* const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  for (int i = 0; i < 7; ++i) EXPECT_EQ(date_of(kSunday + i * kDay).substr(0, 3), days[i]);
  const char* const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  std::int64_t time = kSunday - 6 * kDay;
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(date_of(time).substr(8, 3), months[i]);
    EXPECT_EQ(date_of(time).substr(5, 2), "01");
    time += lengths[i] * kDay;
  }
}

}  // namespace
}  // namespace alicorn
