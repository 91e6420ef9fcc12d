// Finds out who the client is behind trusted proxies. Plain functions. Worker, I/O thread.
#pragma once

#include "base/address.hpp"
#include "workers/contract/settings.hpp"
#include "workers/http/request.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alicorn {

/// "::ffff:1.2.3.4" without its prefix, so that one client has one spelling.
std::string_view without_mapping(std::string_view ip);

struct ClientIdentity {
  std::string_view address;  ///< IP as text; "": a unix socket without forwarding
  std::uint16_t port = 0;    ///< 0: unknown
  std::string_view scheme = "http";
  bool conflicting = false;     ///< contradictory scheme fields: 400
  std::string_view request_id;  ///< the first X-Request-Id, as it was written; "": none
  std::string_view mount;       ///< mount_of() what the proxy says; "": nothing
  /// The path still has the mount in front. X-Forwarded-Prefix names what the proxy took away.
  bool path_may_have_mount = true;
};

class ForwardedTrust {
 public:
  /// Takes the IPs, CIDRs or "*" of forwarded_allow_ips, and secure_scheme_headers. An Error names
  /// the bad entry.
  static Result<ForwardedTrust> create(const WorkerSettings& settings);
  /// A unix peer is always trusted. Cheap: asked once per connection.
  bool trusts(const Address& peer) const;
  /// For a request from a trusted peer. The scheme follows secure_scheme_headers. The address is
  /// found by walking X-Forwarded-For from its right end, skipping hops in the listed networks, to
  /// the first hop in none of them. An entry that is no IP ends the walk at the hop that wrote it,
  /// because the entries left of it may be invented by the client. "*" trusts every peer, but
  /// cannot tell a proxy's address from a client's: if it is the only entry of the setting, the
  /// rightmost address, which the peer itself wrote, is the client. Without any address: `peer_ip`,
  /// which is given without_mapping(), and `peer_port`. Returns views into the fields or the
  /// arguments.
  /// If the setting forwarded_prefix is on, the mount is what X-Forwarded-Prefix or Script_Name
  /// says, which Gunicorn's users know (header_map must let that through).
  ClientIdentity identify(const HttpRequest& request, std::string_view peer_ip,
                          std::uint16_t peer_port) const;

 private:
  /// An IPv4 address mapped into IPv6 counts as IPv4.
  struct Ip {
    std::array<unsigned char, 16> bytes{};
    bool v6 = false;
  };
  struct Network {
    Ip ip;
    unsigned prefix_bits = 0;
    bool contains(const Ip& other) const;
    bool has_bits_behind_prefix() const;
  };
  static std::optional<Ip> parse_ip(std::string_view text);
  static std::optional<Network> parse_network(std::string_view text);
  bool is_trusted_ip(const Ip& ip) const;
  /// Does a name look like one that is looked for? Its size and its last byte alone rule out nearly
  /// every field.
  static std::uint64_t mark_of(std::string_view name) {
    const auto last = static_cast<unsigned char>(name.empty() ? '\0' : name.back());
    return std::uint64_t{1} << (name.size() * 5 + last) % 64;
  }
  /// `fields` ends with the last X-Forwarded-For.
  void find_address(std::span<const alicorn_field> fields, ClientIdentity& identity) const;
  /// What the field says about the scheme; "": it says nothing about it.
  std::string_view scheme_in(std::string_view name, std::string_view value) const;

  bool trust_all_ = false;
  bool takes_prefix_ = false;
  std::vector<Network> networks_;
  std::vector<std::pair<std::string, std::string>> secure_scheme_headers_;  ///< names in lower case
  std::uint64_t marks_ = 0;  ///< of all names that are looked for
};

}  // namespace alicorn
