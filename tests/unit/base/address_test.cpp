#include "base/address.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace alicorn {
namespace {

Address parsed(std::string_view text) {
  const Result<Address> address = Address::parse(text);
  EXPECT_TRUE(address) << text << ": " << address.error().text();
  return address.value_or(Address{});
}

TEST(Address, ReadsIpv4) {
  const Address address = parsed("127.0.0.1:8080");
  EXPECT_EQ(address.kind(), Address::Kind::kInet);
  EXPECT_EQ(address.family(), AF_INET);
  EXPECT_EQ(address.ip(), "127.0.0.1");
  EXPECT_EQ(address.port(), 8080);
  EXPECT_EQ(address.size(), sizeof(sockaddr_in));
  EXPECT_EQ(address.text(), "127.0.0.1:8080");
}

TEST(Address, ReadsIpv6InBrackets) {
  const Address address = parsed("[::1]:80");
  EXPECT_EQ(address.family(), AF_INET6);
  EXPECT_EQ(address.ip(), "::1");
  EXPECT_EQ(address.port(), 80);
  EXPECT_EQ(address.text(), "[::1]:80");
}

TEST(Address, FillsInMissingParts) {
  EXPECT_EQ(parsed("127.0.0.2").text(), "127.0.0.2:8000");
  EXPECT_EQ(parsed("[::]").text(), "[::]:8000");
  EXPECT_EQ(parsed(":81").text(), "0.0.0.0:81");
  EXPECT_EQ(parsed("localhost:82").text(), "127.0.0.1:82");
  EXPECT_EQ(parsed("localhost").text(), "127.0.0.1:8000");
  EXPECT_EQ(parsed("127.0.0.1:0").port(), 0);
}

TEST(Address, ReadsUnixPaths) {
  const Address address = parsed("unix:/run/x.sock");
  EXPECT_TRUE(address.is_unix());
  EXPECT_EQ(address.path(), "/run/x.sock");
  EXPECT_EQ(address.text(), "unix:/run/x.sock");
  EXPECT_EQ(address.ip(), "");
  EXPECT_EQ(address.port(), 0);
  const auto* name = reinterpret_cast<const sockaddr_un*>(address.data());
  EXPECT_STREQ(name->sun_path, "/run/x.sock");
}

TEST(Address, ReadsAbstractNames) {
  const Address address = parsed("unix:@alicorn");
  EXPECT_EQ(address.path(), "@alicorn");
  EXPECT_EQ(address.size(), offsetof(sockaddr_un, sun_path) + 8);
  EXPECT_EQ(reinterpret_cast<const sockaddr_un*>(address.data())->sun_path[0], '\0');
}

TEST(Address, ReadsInheritedDescriptors) {
  const Address address = parsed("fd://3");
  EXPECT_EQ(address.kind(), Address::Kind::kInherited);
  EXPECT_EQ(address.inherited_fd(), 3);
  EXPECT_EQ(address.text(), "fd://3");
}

TEST(Address, RefusesWithTheReason) {
  const auto refusal = [](std::string_view text) {
    const Result<Address> address = Address::parse(text);
    return address ? "accepted: " + address->text() : address.error().text();
  };
  EXPECT_NE(refusal("").find("expected"), std::string::npos);
  EXPECT_NE(refusal("unix://run/s").find("one slash or three"), std::string::npos);
  EXPECT_NE(refusal("unix://@name").find("one slash or three"), std::string::npos);
  EXPECT_NE(refusal("127.0.0.1:").find("port"), std::string::npos);
  EXPECT_NE(refusal("127.0.0.1:65536").find("port"), std::string::npos);
  EXPECT_NE(refusal("127.0.0.1:80x").find("port"), std::string::npos);
  EXPECT_NE(refusal("127.0.0.1:-1").find("port"), std::string::npos);
  EXPECT_NE(refusal("::1").find("brackets"), std::string::npos);
  for (const char* text : {"http://127.0.0.1:8000", "tcp://localhost:80", "https://[::1]"}) {
    EXPECT_NE(refusal(text).find("an address has no scheme"), std::string::npos) << text;
  }
  EXPECT_NE(refusal("[::1").find("expected"), std::string::npos);
  EXPECT_NE(refusal("[::1]80").find("expected"), std::string::npos);
  EXPECT_NE(refusal("[127.0.0.1]:80").find("IPv6"), std::string::npos);
  EXPECT_NE(refusal("example.org:80").find("localhost"), std::string::npos);
  EXPECT_NE(refusal("unix:").find("path"), std::string::npos);
  EXPECT_NE(refusal("unix:@").find("path"), std::string::npos);
  EXPECT_NE(refusal("unix:/" + std::string(107, 'x')).find("longer"), std::string::npos);
  EXPECT_NE(refusal("fd://").find("fd://"), std::string::npos);
  EXPECT_NE(refusal("fd://-3").find("fd://"), std::string::npos);
  EXPECT_NE(refusal("fd://3x").find("fd://"), std::string::npos);
}

TEST(Address, TakesTheLongestUnixPath) {
  EXPECT_EQ(parsed("unix:/" + std::string(106, 'x')).path().size(), 107U);
}

TEST(Address, EveryTextParsesToTheSameAddress) {
  for (const char* text : {"127.0.0.1:8000", "[fe80::1]:1", "[::]:65535", "unix:/tmp/a b,c",
                           "unix:relative", "unix:@x", "fd://0"}) {
    const Address address = parsed(text);
    EXPECT_EQ(parsed(address.text()), address) << text;
  }
}

TEST(Address, DiffersInEveryPart) {
  EXPECT_FALSE(parsed("127.0.0.1:1") == parsed("127.0.0.1:2"));
  EXPECT_FALSE(parsed("127.0.0.1:1") == parsed("127.0.0.2:1"));
  EXPECT_FALSE(parsed("0.0.0.0:1") == parsed("[::]:1"));
  EXPECT_FALSE(parsed("unix:/a") == parsed("unix:/b"));
  EXPECT_FALSE(parsed("unix:@a") == parsed("unix:/a"));
  EXPECT_FALSE(parsed("fd://3") == parsed("fd://4"));
}

TEST(Address, ComesFromASockaddr) {
  for (const char* text : {"10.1.2.3:456", "[2001:db8::7]:99", "unix:/run/y", "unix:@z"}) {
    const Address address = parsed(text);
    sockaddr_storage storage{};
    std::memcpy(&storage, address.data(), address.size());
    EXPECT_EQ(Address::from_sockaddr(storage, address.size()), address) << text;
  }
}

TEST(Address, TakesAMappedIpv4AddressAsIpv4) {
  sockaddr_storage storage{};
  auto& mapped = reinterpret_cast<sockaddr_in6&>(storage);
  mapped.sin6_family = AF_INET6;
  mapped.sin6_port = htons(77);
  ASSERT_EQ(::inet_pton(AF_INET6, "::ffff:10.1.2.3", &mapped.sin6_addr), 1);
  const Address address = Address::from_sockaddr(storage, sizeof(mapped));
  EXPECT_EQ(address, parsed("10.1.2.3:77"));
  EXPECT_EQ(address.ip(), "10.1.2.3");
  EXPECT_EQ(address.size(), sizeof(sockaddr_in));
  EXPECT_EQ(parsed("[::ffff:10.1.2.3]:77"), address);
  // Neither ::10.1.2.3 nor an address that only looks like a mapped one.
  EXPECT_EQ(parsed("[::fffe:10.1.2.3]:1").family(), AF_INET6);
}

TEST(Address, RecognisesAddressesThatMeanAllInterfaces) {
  for (const char* text : {"0.0.0.0:1", ":1", "[::]:1"}) EXPECT_TRUE(parsed(text).is_any()) << text;
  for (const char* text : {"127.0.0.1:1", "[::1]:1", "unix:/s", "fd://3"}) {
    EXPECT_FALSE(parsed(text).is_any()) << text;
  }
}

TEST(Address, TakesUnixPathsWithOneSlashOrThree) {
  EXPECT_EQ(parsed("unix:///run/s").path(), "/run/s");
  EXPECT_EQ(parsed("unix:///run/s"), parsed("unix:/run/s"));
}

TEST(Address, HasNoPathForAClientOfAUnixSocket) {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  const Address address = Address::from_sockaddr(storage, sizeof(sa_family_t));
  EXPECT_TRUE(address.is_unix());
  EXPECT_EQ(address.path(), "");
  EXPECT_EQ(address.text(), "unix:");
}

TEST(Address, TakesAPathThatFillsTheSockaddrWithoutANul) {
  sockaddr_storage storage{};
  auto& name = reinterpret_cast<sockaddr_un&>(storage);
  name.sun_family = AF_UNIX;
  std::memset(name.sun_path, 'p', sizeof(name.sun_path));
  const Address address = Address::from_sockaddr(storage, sizeof(sockaddr_un));
  EXPECT_EQ(address.path(), std::string(sizeof(name.sun_path), 'p'));
}

TEST(Address, ComparesIpsWithoutTheirPorts) {
  const auto of = [](const char* text) { return Address::parse(text).value(); };
  EXPECT_TRUE(of("10.0.0.1:80").has_ip_of(of("10.0.0.1:443")));
  EXPECT_FALSE(of("10.0.0.1:80").has_ip_of(of("10.0.0.2:80")));
  EXPECT_TRUE(of("[fe80::1]:80").has_ip_of(of("[fe80::1]:81")));
  EXPECT_FALSE(of("[fe80::1]:80").has_ip_of(of("[fe80::2]:80")));
  EXPECT_FALSE(of("[::1]:80").has_ip_of(of("127.0.0.1:80")));
  EXPECT_TRUE(of("[::ffff:10.0.0.1]:80").has_ip_of(of("10.0.0.1:80")));
  EXPECT_FALSE(of("unix:/a").has_ip_of(of("unix:/a")));
  EXPECT_FALSE(of("10.0.0.1:80").has_ip_of(Address()));
}

TEST(Address, IsEqualWithTheSameIpAndPort) {
  const auto of = [](const char* text) { return Address::parse(text).value(); };
  EXPECT_EQ(of("10.0.0.1:80"), of("10.0.0.1:80"));
  EXPECT_FALSE(of("10.0.0.1:80") == of("10.0.0.1:81"));
  EXPECT_FALSE(of("10.0.0.1:80") == of("10.0.0.2:80"));
  EXPECT_EQ(of("unix:/a"), of("unix:/a"));
  EXPECT_FALSE(of("unix:/a") == of("unix:/b"));
  EXPECT_EQ(of("fd://3"), of("fd://3"));
  EXPECT_FALSE(of("fd://3") == of("fd://4"));
}

}  // namespace
}  // namespace alicorn
