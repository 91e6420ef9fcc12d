#include "workers/http/forwarded.hpp"

#include "base/ascii.hpp"
#include "workers/contract/mount.hpp"
#include "workers/http/abi_string.hpp"
#include "workers/http/rules.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace alicorn {
namespace {

constexpr std::string_view kMappedPrefix = "::ffff:";
constexpr std::string_view kForwardedFor = "x-forwarded-for";
constexpr std::string_view kForwardedPrefix = "x-forwarded-prefix", kScriptName = "script_name";
constexpr std::string_view kRequestId = "x-request-id";

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
  return number;
}

struct HostAndPort {
  std::string_view host;
  std::uint16_t port = 0;
};

/// IP, IPv4:PORT, [IPv6] or [IPv6]:PORT. Whether the host is an IP is not checked here.
std::optional<HostAndPort> split_port(std::string_view entry) {
  HostAndPort split{.host = entry};
  std::string_view port;
  if (entry.starts_with('[')) {
    const std::size_t close = entry.find(']');
    if (close == std::string_view::npos) return {};
    split.host = entry.substr(1, close - 1);
    if (split.host.find(':') == std::string_view::npos) return {};
    if (close + 1 == entry.size()) return split;
    if (entry[close + 1] != ':') return {};
    port = entry.substr(close + 2);
  } else {
    const std::size_t colon = entry.find(':');
    // No colon, or the colons of an IPv6 address without brackets, which then has no port.
    if (colon == std::string_view::npos || colon != entry.rfind(':')) return split;
    split.host = entry.substr(0, colon);
    port = entry.substr(colon + 1);
  }
  const std::optional<std::uint16_t> number = parse_number<std::uint16_t>(port);
  if (!number) return {};
  split.port = *number;
  return split;
}

/// Removes and returns the last element of a comma-separated list.
std::string_view take_last(std::string_view& list) {
  const std::size_t comma = list.rfind(',');
  const std::string_view last = comma == std::string_view::npos ? list : list.substr(comma + 1);
  list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
  return trim_ows(last);
}

}  // namespace

std::string_view without_mapping(std::string_view ip) {
  const bool is_mapped = ip.size() > kMappedPrefix.size() &&
                         equals_ignoring_case(ip.substr(0, kMappedPrefix.size()), kMappedPrefix) &&
                         ip.find('.') != std::string_view::npos;
  return is_mapped ? ip.substr(kMappedPrefix.size()) : ip;
}

bool ForwardedTrust::Network::contains(const Ip& other) const {
  if (ip.v6 != other.v6) return false;
  const std::size_t whole_bytes = prefix_bits / 8;
  if (std::memcmp(ip.bytes.data(), other.bytes.data(), whole_bytes) != 0) return false;
  const unsigned rest = prefix_bits % 8;
  if (rest == 0) return true;
  return ((ip.bytes[whole_bytes] ^ other.bytes[whole_bytes]) >> (8 - rest)) == 0;
}

bool ForwardedTrust::Network::has_bits_behind_prefix() const {
  const unsigned bits = ip.v6 ? 128U : 32U;
  for (unsigned bit = prefix_bits; bit < bits; ++bit) {
    if ((ip.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return true;
  }
  return false;
}

std::optional<ForwardedTrust::Ip> ForwardedTrust::parse_ip(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof(terminated)) return {};
  // inet_pton would stop at a NUL and accept what precedes it.
  if (text.find('\0') != std::string_view::npos) return {};
  terminated[text.copy(terminated, text.size())] = '\0';
  Ip ip;
  if (::inet_pton(AF_INET, terminated, ip.bytes.data()) == 1) return ip;
  in6_addr address{};
  if (::inet_pton(AF_INET6, terminated, &address) != 1) return {};
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    std::memcpy(ip.bytes.data(), address.s6_addr + 12, 4);
  } else {
    std::memcpy(ip.bytes.data(), address.s6_addr, 16);
    ip.v6 = true;
  }
  return ip;
}

std::optional<ForwardedTrust::Network> ForwardedTrust::parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  const std::optional<Ip> ip = parse_ip(address);
  if (!ip) return {};
  Network network{.ip = *ip, .prefix_bits = ip->v6 ? 128U : 32U};
  if (slash == std::string_view::npos) return network;
  const std::optional<unsigned> bits = parse_number<unsigned>(text.substr(slash + 1));
  constexpr unsigned kMappedBits = 96;
  const bool is_mapped = !ip->v6 && address.find(':') != std::string_view::npos;
  const unsigned skipped = is_mapped ? kMappedBits : 0;
  if (!bits || *bits < skipped || *bits - skipped > network.prefix_bits) return {};
  network.prefix_bits = *bits - skipped;
  return network;
}

Result<ForwardedTrust> ForwardedTrust::create(const WorkerSettings& settings) {
  ForwardedTrust trust;
  trust.marks_ = mark_of(kForwardedFor) | mark_of(kRequestId);
  trust.takes_prefix_ = settings.forwarded_prefix;
  if (trust.takes_prefix_) trust.marks_ |= mark_of(kForwardedPrefix) | mark_of(kScriptName);
  for (const std::string& entry : settings.forwarded_allow_ips) {
    const std::string_view text = trim_ows(entry);
    if (text == "*") {
      trust.trust_all_ = true;
      continue;
    }
    const std::optional<Network> network = parse_network(text);
    if (!network) {
      return fail("forwarded_allow_ips: '" + entry + "' is no IP address, network or *");
    }
    // This would trust more than the address that was perhaps meant.
    if (network->has_bits_behind_prefix()) {
      return fail(
          "forwarded_allow_ips: '" + entry +
          "' has bits behind its prefix: write the address alone, or the network with zeros");
    }
    trust.networks_.push_back(*network);
  }
  for (const auto& [name, value] : settings.secure_scheme_headers) {
    std::string lower_name(trim_ows(name));
    make_lower(lower_name);
    if (lower_name.empty()) return fail("secure_scheme_headers: a header without a name");
    trust.marks_ |= mark_of(lower_name);
    trust.secure_scheme_headers_.emplace_back(std::move(lower_name), trim_ows(value));
  }
  return trust;
}

bool ForwardedTrust::is_trusted_ip(const Ip& ip) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&ip](const Network& network) { return network.contains(ip); });
}

bool ForwardedTrust::trusts(const Address& peer) const {
  if (trust_all_ || peer.is_unix()) return true;
  const std::optional<Ip> ip = parse_ip(peer.ip());
  return ip && is_trusted_ip(*ip);
}

void ForwardedTrust::find_address(std::span<const alicorn_field> fields,
                                  ClientIdentity& identity) const {
  for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
    if (as_view(field->name) != kForwardedFor) continue;
    std::string_view list = as_view(field->value);
    while (!list.empty()) {
      const std::string_view entry = take_last(list);
      if (entry.empty()) continue;
      const std::optional<HostAndPort> split = split_port(entry);
      const std::optional<Ip> ip = split ? parse_ip(split->host) : std::nullopt;
      if (!ip) return;
      identity.address = without_mapping(split->host);
      identity.port = split->port;
      if (!is_trusted_ip(*ip)) return;
    }
  }
}

std::string_view ForwardedTrust::scheme_in(std::string_view name, std::string_view value) const {
  const auto header =
      std::find_if(secure_scheme_headers_.begin(), secure_scheme_headers_.end(),
                   [name](const auto& candidate) { return candidate.first == name; });
  if (header == secure_scheme_headers_.end()) return {};
  return equals_ignoring_case(trim_ows(value), header->second) ? "https" : "http";
}

ClientIdentity ForwardedTrust::identify(const HttpRequest& request, std::string_view peer_ip,
                                        std::uint16_t peer_port) const {
  ClientIdentity identity;
  identity.address = peer_ip;
  identity.port = peer_port;
  std::string_view scheme;
  std::size_t forwarded_end = 0;
  const std::span<const alicorn_field> fields(request.fields);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string_view name = as_view(fields[i].name);
    if ((marks_ & mark_of(name)) == 0) continue;
    const std::string_view value = as_view(fields[i].value);
    if (name == kForwardedFor) forwarded_end = i + 1;
    if (name == kRequestId && identity.request_id.data() == nullptr) identity.request_id = value;
    if (takes_prefix_ && (name == kForwardedPrefix || name == kScriptName)) {
      identity.mount = mount_of(trim_ows(value));
      identity.path_may_have_mount = name == kScriptName || identity.mount.empty();
    }
    const std::string_view found = scheme_in(name, value);
    if (found.empty()) continue;
    if (!scheme.empty() && found != scheme) identity.conflicting = true;
    scheme = found;
  }
  if (forwarded_end != 0) find_address(fields.first(forwarded_end), identity);
  if (!scheme.empty()) identity.scheme = scheme;
  return identity;
}

}  // namespace alicorn
