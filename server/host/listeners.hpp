// Listening sockets: bound once, shared by generations, closed without losing the connections that
// wait in their queues. Master.
#pragma once

#include "base/address.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <cstdint>
#include <memory>
#include <vector>

#include <sys/types.h>

namespace alicorn {

struct Listener {
  enum class Origin {
    kBound,    ///< by this master, or by the previous master of a binary upgrade
    kSystemd,  ///< socket activation
    kGiven,    ///< fd://N
  };

  UniqueFd fd;
  Address asked;    ///< as configured: a reload and an upgrade identify it by this
  Address address;  ///< what it is bound to: another port if 0 was asked for
  Origin origin = Origin::kBound;
  dev_t device =
      0;  ///< with `inode`: the unix socket's file, to know it from one that took its path
  ino_t inode = 0;
  bool is_retired = false;  ///< see refuse_new_connections()

  /// All others belong to somebody who goes on listening when we stop.
  bool is_ours() const { return origin == Origin::kBound; }
};

/// Generations share the listeners that both use; the last generation to go closes them, or a stop
/// does.
using Listeners = std::vector<std::shared_ptr<Listener>>;

/// The addresses to listen on.
struct Binds {
  enum class Any6 { kTakesIpv4, kIpv6Only };

  std::vector<Address> addresses;
  std::uint32_t backlog = 0;
  std::uint32_t defer_accept_s = 0;  ///< TCP_DEFER_ACCEPT, of our own TCP listeners; 0: off
  Any6 any6 = Any6::kTakesIpv4;      ///< what [::] means
  /// Sockets for each TCP address that is opened, among which the kernel spreads the clients
  /// (SO_REUSEPORT).
  std::uint32_t sockets_each = 1;

  /// Whether a socket for this address also takes IPv4 clients. Not if IPv4 has an address of its
  /// own at that port: the two could not both be bound.
  bool takes_ipv4(const Address& asked) const;
};

/// Gives the listeners of each address, and reuses those of `existing`. Sockets from systemd
/// replace all addresses. On an error nothing new is left bound.
Result<Listeners> open_listeners(const Binds& binds, const Listeners& existing);

/// Fails if another server has one of these addresses, as far as can be told without taking them.
/// Any other error is left for open_listeners() to find. `existing` are ours.
Result<void> require_free(const Binds& binds, const Listeners& existing);

/// Sockets among which the kernel spreads the clients: see Binds::sockets_each.
bool share_an_address(const Listener& one, const Listener& other);

/// Each address once, in order.
std::vector<Address> addresses_of(const Listeners& listeners);

/// An IPv6 socket for all addresses that also takes IPv4 clients, whoever has created it.
bool takes_both_families(const Listener& listener);

/// Fills in the names of the socket and its file.
void read_name(Listener& listener);

/// Drops new SYNs and lets handshakes under way finish, so that the queue can be emptied and closed
/// without a reset. For a TCP listener that nobody else continues to use, because the filter
/// belongs to the socket and not to this process.
void refuse_new_connections(Listener& listener);

/// Takes connections again, whichever process has retired the listener; on another socket if its
/// file is gone. On an error it stays retired.
Result<void> revive(Listener& listener, const Binds& binds);

/// Whether this is a unix socket of ours with a path, not an abstract name.
bool has_file(const Listener& listener);
/// Removes the file of a unix socket that is ours and still there.
void unlink_path(const Listener& listener);
/// Makes another user the owner of that file.
Result<void> give_file(const Listener& listener, uid_t user, gid_t group);

}  // namespace alicorn
