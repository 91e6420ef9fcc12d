// What [::] means: IPv4 clients as well, unless they have an address of their own.
#include "tests/unit/server/host/listeners_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>

namespace alicorn {
namespace {

using testing::HasSubstr;
using testing::Not;

using namespace test;  // NOLINT(google-build-using-namespace)

int is_ipv6_only(const std::shared_ptr<Listener>& listener) {
  return option(listener->fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
}

/// `any` with the port of another address.
Address at_port_of(const Listener& listener, const std::string& any) {
  return at(any + ":" + std::to_string(listener.address.port()));
}

TEST(ListenerFamilies, AnyIpv6AddressTakesIpv4Clients) {
  const Listeners listeners = opened({at("[::]:0")});
  ASSERT_EQ(listeners.size(), 1U);
  EXPECT_EQ(is_ipv6_only(listeners[0]), 0);
  EXPECT_TRUE(takes_both_families(*listeners[0]));
  EXPECT_TRUE(connected(at_port_of(*listeners[0], "127.0.0.1")));
  EXPECT_TRUE(connected(at_port_of(*listeners[0], "[::1]")));
}

TEST(ListenerFamilies, AnyIpv6AddressLeavesIpv4ToOthersIfAskedTo) {
  Binds binds = asked({at("[::]:0")});
  binds.any6 = Binds::Any6::kIpv6Only;
  const auto listeners = open_listeners(binds, {});
  ASSERT_TRUE(listeners) << listeners.error().text();
  EXPECT_FALSE(takes_both_families(*listeners->front()));
  EXPECT_FALSE(connected(at_port_of(*listeners->front(), "127.0.0.1")));
  EXPECT_TRUE(connected(at_port_of(*listeners->front(), "[::1]")));
}

TEST(ListenerFamilies, BothFamiliesMayBeNamedInEitherOrder) {
  const Listeners taken = opened({at("[::]:0")});  // a port that both families have free
  const Address any4 = at_port_of(*taken[0], "0.0.0.0");
  const Address one4 = at_port_of(*taken[0], "127.0.0.1");
  const Address any6 = at_port_of(*taken[0], "[::]");
  taken[0]->fd.reset();
  for (const auto& pair : {std::vector{any4, any6}, {any6, any4}, {any6, one4}, {one4, any6}}) {
    const Listeners listeners = opened(pair);
    ASSERT_EQ(listeners.size(), 2U);
    for (const auto& listener : listeners) EXPECT_FALSE(takes_both_families(*listener));
    EXPECT_TRUE(connected(at_port_of(*listeners[0], "[::1]")));
    EXPECT_TRUE(connected(one4));
    // A reload finds what it has opened.
    EXPECT_EQ(opened(pair, listeners), listeners);
  }
}

TEST(ListenerFamilies, WhatTheServerItselfHasInTheWayIsSaid) {
  const Listeners any6 = opened({at("[::]:0")});
  const Address any4 = at_port_of(*any6[0], "0.0.0.0");
  const std::string said = refusal({any6[0]->asked, any4}, any6);
  EXPECT_THAT(said, HasSubstr("Address already in use: the server itself listens at [::]:"));
  EXPECT_THAT(said, HasSubstr("for both families; only a restart"));
  const auto free = require_free(asked({any4}), any6);
  ASSERT_FALSE(free);
  EXPECT_THAT(free.error().text(), HasSubstr("only a restart"));
  const Listeners loopback = opened({at("127.0.0.1:0")});
  EXPECT_THAT(refusal({at_port_of(*loopback[0], "[::]")}, loopback),
              HasSubstr("the server itself listens at 127.0.0.1:"));
  EXPECT_THAT(refusal({at_port_of(*loopback[0], "0.0.0.0")}, loopback),
              HasSubstr("the server itself listens at 127.0.0.1:"));
  const std::string foreign = refusal({at_port_of(*loopback[0], "[::]")});
  EXPECT_THAT(foreign, Not(HasSubstr("itself")));
  EXPECT_THAT(foreign, HasSubstr("for IPv6 and IPv4 (bind_ipv6_only leaves IPv4 to others): Add"));
}

}  // namespace
}  // namespace alicorn
