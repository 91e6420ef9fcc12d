#include "web/networks.hpp"

#include <gmock/gmock.h>

namespace jwt_auth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(NetworksOf, StartWithTheNarrowest) {
  EXPECT_THAT(networks_of("192.0.2.1"), ElementsAre("192.0.2.1"));
  EXPECT_THAT(networks_of("2001:db8:1:2345:6:7:8:9"),
              ElementsAre("2001:db8:1:2345::/64", "2001:db8:1:2300::/56", "2001:db8:1::/48"));
  EXPECT_EQ(networks_of("2001:db8:1:2::9"), networks_of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  EXPECT_NE(networks_of("2001:db8:1:2::9"), networks_of("2001:db8:1:3::9"));
}

TEST(NetworksOf, RecogniseIpv4WithinIpv6) {
  for (const char* address :
       {"::ffff:192.0.2.1", "::ffff:c000:201", "::FFFF:192.0.2.1", "64:ff9b::192.0.2.1"}) {
    EXPECT_THAT(networks_of(address), ElementsAre("192.0.2.1")) << address;
  }
  EXPECT_EQ(networks_of("64:ff9b:1::192.0.2.1").front(), "64:ff9b:1::/64");
}

TEST(NetworksOf, AreEmptyForAnInvalidAddress) {
  for (const char* text :
       {"", "unix", "192.0.2.1:80", "192.0.2", "[2001:db8::1]", "2001:db8::1%eth0"}) {
    EXPECT_THAT(networks_of(text), IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace jwt_auth
