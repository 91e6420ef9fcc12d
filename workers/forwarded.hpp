// Who the client is when trusted proxies stand in between. Plain functions. Worker, I/O thread.
#pragma once

#include "base/address.hpp"
#include "workers/http_request.hpp"
#include "workers/settings.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

struct ClientIdentity {
  std::string_view address;  ///< IP as text; "": a unix socket without forwarding
  std::uint16_t port = 0;    ///< 0: unknown
  std::string_view scheme = "http";
  bool conflicting = false;  ///< contradictory scheme fields: 400
};

class ForwardedTrust {
 public:
  /// The IPs, CIDRs or "*" of forwarded_allow_ips, and secure_scheme_headers. An Error names the bad entry.
  static Result<ForwardedTrust> create(const WorkerSettings& settings);
  /// A unix peer is always trusted. Cheap: asked once per connection.
  bool trusts(const Address& peer) const;
  /// For a request of a trusted peer: scheme by secure_scheme_headers, the address from the right end of X-Forwarded-For,
  /// skipping trusted hops; else `peer_ip` and `peer_port`. Views into the fields or the arguments.
  ClientIdentity identify(const HttpRequest& request, std::string_view peer_ip, std::uint16_t peer_port) const;

 private:
  struct Network {
    unsigned char bytes[16];
    int prefix_bits;
    bool v6;
  };
  bool trusts_ip(std::string_view ip) const;
  bool trust_all_ = false;
  std::vector<Network> networks_;
  std::vector<std::pair<std::string, std::string>> secure_scheme_headers_;
};

}  // namespace alicorn
