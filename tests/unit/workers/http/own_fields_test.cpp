#include "workers/http/own_fields.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

constexpr std::int64_t kTime = 784'111'777;  // RFC 9110's example

TEST(OwnFields, AreDateAndServer) {
  OwnFields fields("alicorn");
  fields.refresh(kTime);
  EXPECT_EQ(fields.lines(true, true), "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: alicorn\r\n");
  fields.refresh(kTime + 1);
  EXPECT_EQ(fields.lines(true, true), "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\nServer: alicorn\r\n");
}

TEST(OwnFields, GiveWayToThoseOfTheApp) {
  OwnFields fields("alicorn");
  fields.refresh(kTime);
  EXPECT_EQ(fields.lines(true, false), "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  EXPECT_EQ(fields.lines(false, true), "Server: alicorn\r\n");
  EXPECT_EQ(fields.lines(false, false), "");
}

TEST(OwnFields, HaveNoServerWithoutThatSetting) {
  OwnFields fields("");
  fields.refresh(kTime);
  EXPECT_EQ(fields.lines(true, true), "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  EXPECT_EQ(fields.lines(false, true), "");
}

}  // namespace
}  // namespace alicorn
