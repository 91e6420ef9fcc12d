#include "web/login_attempt.hpp"

#include <gtest/gtest.h>

namespace jwt_auth {
namespace {

TEST(NetworkOf, HoldsAllAddressesOfOneSubscriber) {
  EXPECT_EQ(network_of("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(network_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(network_of("2001:db8:1:2::9"), network_of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  EXPECT_NE(network_of("2001:db8:1:2::9"), network_of("2001:db8:1:3::9"));
}

TEST(NetworkOf, SeesIpv4WithinIpv6) {
  for (const char* address :
       {"::ffff:192.0.2.1", "::ffff:c000:201", "::FFFF:192.0.2.1", "64:ff9b::192.0.2.1"}) {
    EXPECT_EQ(network_of(address), "192.0.2.1") << address;
  }
  EXPECT_EQ(network_of("64:ff9b:1::192.0.2.1"), "64:ff9b:1::/64");
}

TEST(NetworkOf, IsNothingForWhatIsNoAddress) {
  for (const char* text :
       {"", "unix", "192.0.2.1:80", "192.0.2", "[2001:db8::1]", "2001:db8::1%eth0"}) {
    EXPECT_EQ(network_of(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace jwt_auth
