#include "web/login.hpp"

#include <gtest/gtest.h>

namespace jwt_auth {
namespace {

TEST(NetworkOf, HoldsAllAddressesOfOneSubscriber) {
  EXPECT_EQ(network_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(network_of("2001:db8:1:2::9"), network_of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  EXPECT_NE(network_of("2001:db8:1:2::9"), network_of("2001:db8:1:3::9"));
}

TEST(NetworkOf, LeavesOtherAddressesAsTheyAre) {
  for (const char* address : {"192.0.2.1", "::ffff:192.0.2.1", "", "unix", "2001:db8::1%eth0"}) {
    EXPECT_EQ(network_of(address), address);
  }
}

}  // namespace
}  // namespace jwt_auth
