#include "workers/http/forwarded.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace alicorn {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

ForwardedTrust make_trust(std::vector<std::string> allowed) {
  WorkerSettings settings;
  settings.forwarded_allow_ips = std::move(allowed);
  Result<ForwardedTrust> trust = ForwardedTrust::create(settings);
  EXPECT_TRUE(trust.has_value()) << trust.error().text();
  return std::move(*trust);
}

Address peer_v4(const char* ip) {
  sockaddr_storage storage{};
  auto* const address = reinterpret_cast<sockaddr_in*>(&storage);
  address->sin_family = AF_INET;
  EXPECT_EQ(::inet_pton(AF_INET, ip, &address->sin_addr), 1);
  return Address::from_sockaddr(storage, sizeof(*address));
}

Address peer_v6(const char* ip) {
  sockaddr_storage storage{};
  auto* const address = reinterpret_cast<sockaddr_in6*>(&storage);
  address->sin6_family = AF_INET6;
  EXPECT_EQ(::inet_pton(AF_INET6, ip, &address->sin6_addr), 1);
  return Address::from_sockaddr(storage, sizeof(*address));
}

Address peer_unix() {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  return Address::from_sockaddr(storage, sizeof(sa_family_t));
}

struct Identity {
  std::string address;
  std::uint16_t port;
  std::string scheme;
  bool conflicting;
  std::string request_id;
};

Identity identify(const ForwardedTrust& trust, const Fields& fields,
                  const std::string& peer_ip = "127.0.0.1") {
  HttpRequest request;
  for (const auto& [name, value] : fields) {
    request.fields.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
  }
  const ClientIdentity identity = trust.identify(request, peer_ip, 4000);
  return {std::string(identity.address), identity.port, std::string(identity.scheme),
          identity.conflicting, std::string(identity.request_id)};
}

std::string client_of(const ForwardedTrust& trust, const std::string& forwarded_for,
                      const std::string& peer_ip = "127.0.0.1") {
  const Identity identity = identify(trust, {{"x-forwarded-for", forwarded_for}}, peer_ip);
  return identity.address + "|" + std::to_string(identity.port);
}

TEST(ForwardedTrust, TrustsTheListedPeers) {
  const ForwardedTrust trust = make_trust({"127.0.0.1", "10.1.0.0/16", "::1", "fd00::/8"});
  EXPECT_TRUE(trust.trusts(peer_v4("127.0.0.1")));
  EXPECT_FALSE(trust.trusts(peer_v4("127.0.0.2")));
  EXPECT_TRUE(trust.trusts(peer_v4("10.1.255.255")));
  EXPECT_FALSE(trust.trusts(peer_v4("10.2.0.0")));
  EXPECT_TRUE(trust.trusts(peer_v6("::1")));
  EXPECT_FALSE(trust.trusts(peer_v6("::2")));
  EXPECT_TRUE(trust.trusts(peer_v6("fdff::1")));
  EXPECT_FALSE(trust.trusts(peer_v6("fe80::1")));
}

TEST(ForwardedTrust, TakesAMappedAddressForTheIpv4ThatItIs) {
  const ForwardedTrust trust = make_trust({"10.0.0.0/8", "::ffff:192.168.0.0/112"});
  EXPECT_TRUE(trust.trusts(peer_v6("::ffff:10.2.3.4")));
  EXPECT_FALSE(trust.trusts(peer_v6("::ffff:11.2.3.4")));
  EXPECT_TRUE(trust.trusts(peer_v4("192.168.255.1")));
  EXPECT_FALSE(trust.trusts(peer_v4("192.169.0.1")));
  EXPECT_FALSE(make_trust({"::/0"}).trusts(peer_v4("10.0.0.1")));
  EXPECT_FALSE(make_trust({"0.0.0.0/0"}).trusts(peer_v6("::1")));
}

TEST(ForwardedTrust, ComparesPartsOfABytes) {
  const ForwardedTrust trust = make_trust({"10.0.0.64/26", "2001:db8::/33"});
  EXPECT_FALSE(trust.trusts(peer_v4("10.0.0.63")));
  EXPECT_TRUE(trust.trusts(peer_v4("10.0.0.64")));
  EXPECT_TRUE(trust.trusts(peer_v4("10.0.0.127")));
  EXPECT_FALSE(trust.trusts(peer_v4("10.0.0.128")));
  EXPECT_TRUE(trust.trusts(peer_v6("2001:db8:7fff::")));
  EXPECT_FALSE(trust.trusts(peer_v6("2001:db8:8000::")));
}

TEST(ForwardedTrust, AlwaysTrustsAUnixPeer) {
  EXPECT_TRUE(make_trust({}).trusts(peer_unix()));
}

TEST(ForwardedTrust, TrustsAllUnderAStar) {
  const ForwardedTrust trust = make_trust({"*"});
  EXPECT_TRUE(trust.trusts(peer_v4("8.8.8.8")));
  EXPECT_TRUE(trust.trusts(peer_v6("2001:db8::1")));
}

TEST(ForwardedTrust, NamesTheEntryThatIsBad) {
  for (const char* const bad :
       {"", "localhost", "10.0.0", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/8x",
        "10.0.0.1/8", "10.0.0.0/4", "fd00::1/64", "::ffff:10.0.0.1/104", "::1/129",
        "::ffff:10.0.0.1/95", "**", "[::1]", "10.0.0.1:80"}) {
    WorkerSettings settings;
    settings.forwarded_allow_ips = {"127.0.0.1", bad};
    const Result<ForwardedTrust> trust = ForwardedTrust::create(settings);
    ASSERT_FALSE(trust.has_value()) << bad;
    EXPECT_NE(trust.error().text().find("'" + std::string(bad) + "'"), std::string::npos) << bad;
  }
  WorkerSettings settings;
  settings.secure_scheme_headers = {{" ", "on"}};
  EXPECT_FALSE(ForwardedTrust::create(settings).has_value());
}

TEST(ForwardedAddress, IsThePeersWithoutTheField) {
  const Identity identity = identify(make_trust({"127.0.0.1"}), {{"host", "a"}}, "10.9.8.7");
  EXPECT_EQ(identity.address, "10.9.8.7");
  EXPECT_EQ(identity.port, 4000);
  EXPECT_EQ(identity.scheme, "http");
  EXPECT_EQ(identify(make_trust({}), {}, "10.9.8.7").address, "10.9.8.7");
  EXPECT_EQ(without_mapping("::ffff:10.9.8.7"), "10.9.8.7");
  EXPECT_EQ(without_mapping("::FFFF:10.9.8.7"), "10.9.8.7");
  EXPECT_EQ(without_mapping("::ffff:1"), "::ffff:1");
  EXPECT_EQ(identify(make_trust({}), {}, "").address, "");
}

TEST(ForwardedAddress, IsTheFirstFromTheRightThatIsNotTrusted) {
  const ForwardedTrust trust = make_trust({"127.0.0.1", "10.0.0.0/8", "::1"});
  EXPECT_EQ(client_of(trust, "203.0.113.7"), "203.0.113.7|0");
  EXPECT_EQ(client_of(trust, "1.1.1.1, 203.0.113.7"), "203.0.113.7|0");
  EXPECT_EQ(client_of(trust, "1.1.1.1, 203.0.113.7, 10.0.0.3,10.0.0.2"), "203.0.113.7|0");
  EXPECT_EQ(client_of(trust, "10.0.0.3, 10.0.0.2"), "10.0.0.3|0");
  EXPECT_EQ(client_of(trust, "2001:db8::7, ::1"), "2001:db8::7|0");
}

TEST(ForwardedAddress, ReadsRepeatedFieldsAsOneList) {
  const ForwardedTrust trust = make_trust({"10.0.0.0/8"});
  const Identity identity = identify(trust, {{"x-forwarded-for", "1.1.1.1, 2.2.2.2"},
                                             {"x-other", "3.3.3.3"},
                                             {"x-forwarded-for", "10.0.0.1"}});
  EXPECT_EQ(identity.address, "2.2.2.2");
}

TEST(ForwardedAddress, TakesPortsAndBrackets) {
  const ForwardedTrust trust = make_trust({"127.0.0.1"});
  EXPECT_EQ(client_of(trust, "203.0.113.7:5678"), "203.0.113.7|5678");
  EXPECT_EQ(client_of(trust, "[2001:db8::7]:5678"), "2001:db8::7|5678");
  EXPECT_EQ(client_of(trust, "[2001:db8::7]"), "2001:db8::7|0");
  EXPECT_EQ(client_of(trust, "::ffff:203.0.113.7"), "203.0.113.7|0");
  EXPECT_EQ(client_of(trust, "[::FFFF:203.0.113.7]:1"), "203.0.113.7|1");
  EXPECT_EQ(client_of(trust, "203.0.113.7, 127.0.0.1:80"), "203.0.113.7|0");
}

TEST(ForwardedAddress, IgnoresEmptyElements) {
  const ForwardedTrust trust = make_trust({"127.0.0.1"});
  EXPECT_EQ(client_of(trust, ""), "127.0.0.1|4000");
  EXPECT_EQ(client_of(trust, " ,\t, "), "127.0.0.1|4000");
  EXPECT_EQ(client_of(trust, ", 203.0.113.7 ,, "), "203.0.113.7|0");
}

TEST(ForwardedAddress, StopsAtAnEntryThatIsNoIp) {
  const ForwardedTrust trust = make_trust({"127.0.0.1", "10.0.0.0/8"});
  for (const std::string bad : {"unknown", "203.0.113", "203.0.113.7:", "203.0.113.7:65536",
                                "203.0.113.7:x", "[::1", "[::1]x", "[::1]:", "[203.0.113.7]",
                                "::1%eth0", "_hidden", "1.2.3.4 5.6.7.8", "\"1.2.3.4\""}) {
    EXPECT_EQ(client_of(trust, bad), "127.0.0.1|4000") << bad;
    EXPECT_EQ(client_of(trust, "203.0.113.7, " + bad), "127.0.0.1|4000") << bad;
    EXPECT_EQ(client_of(trust, bad + ", 10.0.0.5"), "10.0.0.5|0") << bad;
  }
  EXPECT_EQ(client_of(trust, std::string("203.0.113.7\0x", 13)), "127.0.0.1|4000");
}

TEST(ForwardedAddress, UnderAStarOnlyThePeersOwnEntryCounts) {
  const ForwardedTrust trust = make_trust({"*"});
  EXPECT_EQ(client_of(trust, "6.6.6.6, 203.0.113.7", "8.8.8.8"), "203.0.113.7|0");
  // But for the proxies that are listed besides.
  const ForwardedTrust with_network = make_trust({"*", "10.0.0.0/8"});
  EXPECT_EQ(client_of(with_network, "6.6.6.6, 203.0.113.7, 10.0.0.1", "8.8.8.8"), "203.0.113.7|0");
}

TEST(ForwardedScheme, IsHttpsByOneOfTheHeaders) {
  const ForwardedTrust trust = make_trust({});
  EXPECT_EQ(identify(trust, {}).scheme, "http");
  EXPECT_EQ(identify(trust, {{"x-forwarded-proto", "https"}}).scheme, "https");
  EXPECT_EQ(identify(trust, {{"x-forwarded-proto", " HTTPS "}}).scheme, "https");
  EXPECT_EQ(identify(trust, {{"x-forwarded-ssl", "on"}}).scheme, "https");
  EXPECT_EQ(identify(trust, {{"x-forwarded-protocol", "ssl"}}).scheme, "https");
  for (const char* const other : {"", "http", "https,http", "on", "httpss"}) {
    const Identity identity = identify(trust, {{"x-forwarded-proto", other}});
    EXPECT_EQ(identity.scheme, "http") << other;
    EXPECT_FALSE(identity.conflicting) << other;
  }
  EXPECT_EQ(identify(trust, {{"x-scheme", "https"}}).scheme, "http");
}

TEST(ForwardedScheme, ConflictsWhenTwoDisagree) {
  const ForwardedTrust trust = make_trust({});
  EXPECT_FALSE(
      identify(trust, {{"x-forwarded-proto", "https"}, {"x-forwarded-ssl", "on"}}).conflicting);
  EXPECT_FALSE(
      identify(trust, {{"x-forwarded-proto", "http"}, {"x-forwarded-ssl", "off"}}).conflicting);
  EXPECT_TRUE(
      identify(trust, {{"x-forwarded-proto", "https"}, {"x-forwarded-ssl", "off"}}).conflicting);
  EXPECT_TRUE(
      identify(trust, {{"x-forwarded-proto", "http"}, {"x-forwarded-proto", "https"}}).conflicting);
}

TEST(ForwardedScheme, UsesTheConfiguredHeadersInAnyCase) {
  WorkerSettings settings;
  settings.secure_scheme_headers = {{"X-Front-End-Https", "Yes"}};
  const Result<ForwardedTrust> trust = ForwardedTrust::create(settings);
  ASSERT_TRUE(trust.has_value());
  EXPECT_EQ(identify(*trust, {{"x-front-end-https", "yes"}}).scheme, "https");
  EXPECT_EQ(identify(*trust, {{"x-forwarded-proto", "https"}}).scheme, "http");
}

TEST(ForwardedScheme, TakesAHeaderWithANameOfAnySize) {
  for (const std::size_t size : {1U, 63U, 64U, 65U, 12U + 64U, 200U}) {
    const std::string name(size, 'h');
    WorkerSettings settings;
    settings.secure_scheme_headers = {{name, "on"}};
    const Result<ForwardedTrust> trust = ForwardedTrust::create(settings);
    ASSERT_TRUE(trust.has_value());
    EXPECT_EQ(identify(*trust, {{"host", "a"}, {name, "on"}}).scheme, "https") << size;
    EXPECT_EQ(identify(*trust, {{"host", "a"}, {std::string(size, 'i'), "on"}}).scheme, "http");
  }
}

TEST(ForwardedRequestId, IsTheFirst) {
  const ForwardedTrust trust = make_trust({});
  EXPECT_EQ(identify(trust, {{"accept", "a"}, {"x-request_id", "b"}}).request_id, "");
  EXPECT_EQ(identify(trust, {{"x-request-id", "c d"}, {"x-request-id", "e"}}).request_id, "c d");
  EXPECT_EQ(identify(trust, {{"x-request-id", ""}, {"x-request-id", "e"}}).request_id, "");
}

}  // namespace
}  // namespace alicorn
